/**
 * The sandboxes of all nodes, from a Prometheus that scrapes their monitors, or from any server with its query API (Thanos,
 * Mimir, VictoriaMetrics). Only reads: a few instant queries for each read.
 */
import {
  isHealthy,
  type SandboxDetail,
  type SandboxStatus,
  type Snapshot,
  sandboxStates,
  stateOfShim,
} from '../../api/index.ts';
import { findFamily } from '../../catalog/index.ts';
import type { SandboxRates } from '../../view/index.ts';
import { type JsonClient, type JsonClientOptions, openJsonClient } from './json-client.ts';
import type { NodeSource, TopReading } from './node-source.ts';

export type FleetOptions = Omit<JsonClientOptions, 'hasPath' | 'hints' | 'option' | 'what'>;

/** Several scrapes at the usual interval of 15 s. */
const RATE_WINDOW = '2m';
/** A guest that has not responded for longer is not booting any more: as for `ls`. */
const BOOT_SECONDS = 120;

const gauges = [
  'up',
  'guest_up',
  'scrape_error',
  'scrape_samples',
  'scrape_duration_seconds',
  'last_success_age_seconds',
  'created_seconds',
  'cpu_cores',
  'memory_total_bytes',
  'memory_available_bytes',
  'memory_working_set_bytes',
  'host_memory_bytes',
  'overhead_memory_bytes',
  'load1',
  'tasks',
  'guest_uptime_seconds',
] as const;

type Gauge = (typeof gauges)[number];

const PREFIX = 'kata_sandbox_';
const RPC = 'kata_shim_agent_rpc_durations_histogram_milliseconds';

function rateOf(name: string, matcher = ''): string {
  return `sum by (instance, sandbox_id) (rate(${name}${matcher}[${RATE_WINDOW}]))`;
}

const rateQueries: Readonly<Record<keyof SandboxRates, string>> = {
  cpuCores: rateOf(`${PREFIX}cpu_usage_seconds_total`),
  hostCpuCores: rateOf(`${PREFIX}host_cpu_seconds_total`),
  receiveBytes: rateOf(`${PREFIX}network_receive_bytes_total`),
  transmitBytes: rateOf(`${PREFIX}network_transmit_bytes_total`),
  readBytes: rateOf(`${PREFIX}disk_read_bytes_total`),
  writtenBytes: rateOf(`${PREFIX}disk_written_bytes_total`),
  agentMilliseconds: `${rateOf(`${RPC}_sum`, '{action="grpc.GetMetricsRequest"}')} / ${rateOf(`${RPC}_count`, '{action="grpc.GetMetricsRequest"}')}`,
};

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

const hints: Readonly<Record<number, string>> = {
  401: 'the server requires a password: use --username and --password-file',
  403: 'the server requires a client certificate, or refuses the query',
  404: 'this is not the address of a Prometheus: its query API is missing',
};

/** @throws {OptionError} when the options do not describe a server, or a file of theirs cannot be read */
export function openFleet(options: FleetOptions): NodeSource {
  const what = 'the query API of Prometheus';
  const client = openJsonClient({ ...options, option: 'prometheus', hasPath: true, what, hints });
  return {
    read: async (signal, detailId) => {
      const startMs = performance.now();
      const names = Object.keys(rateQueries) as (keyof SandboxRates)[];
      const [values, ...rates] = await Promise.all([
        query(client, `{__name__=~"${PREFIX}(?:${gauges.join('|')})"}`, signal),
        ...names.map((name) => query(client, rateQueries[name], signal)),
      ]);
      const sandboxes = toSandboxes(values);
      const detail = sandboxes.find(({ id }) => id === detailId);
      const seconds = (performance.now() - startMs) / 1000;
      return {
        snapshot: toSnapshot(sandboxes, values, options.url, seconds),
        rates: toRates(names, rates),
        detail: detail && (await readDetail(client, detail, signal)),
      } satisfies TopReading;
    },
    close: () => client.close(),
  };
}

async function query(client: JsonClient, expression: string, signal: AbortSignal): Promise<readonly Series[]> {
  const path = `/api/v1/query?query=${encodeURIComponent(expression)}`;
  const response = (await client.get(path, signal)) as { status?: string; data?: { result?: unknown } } | null;
  const result = response?.data?.result;
  if (response?.status !== 'success' || !Array.isArray(result)) {
    throw client.fail('it is not the query API of Prometheus');
  }
  return result as readonly Series[];
}

interface Found {
  readonly labels: Readonly<Record<string, string>>;
  readonly values: Map<Gauge, number>;
  readonly reasons: string[];
  readonly nowSeconds: number;
}

/** By id. Of a sandbox that two jobs scrape, the instance that comes first is used. */
function toSandboxes(series: readonly Series[]): SandboxStatus[] {
  const found = new Map<string, Found>();
  const sorted = series.toSorted((a, b) => ((a.metric['instance'] ?? '') < (b.metric['instance'] ?? '') ? -1 : 1));
  for (const { metric, value } of sorted) {
    const id = metric['sandbox_id'];
    if (id !== undefined && !found.has(id)) {
      found.set(id, { labels: metric, values: new Map(), reasons: [], nowSeconds: value[0] });
    }
    const sandbox = id === undefined ? undefined : found.get(id);
    if (sandbox === undefined || sandbox.labels['instance'] !== metric['instance']) {
      continue;
    }
    const name = (metric['__name__'] ?? '').slice(PREFIX.length) as Gauge;
    if (name === 'scrape_error') {
      sandbox.reasons.push(metric['reason'] ?? 'unknown');
    } else {
      sandbox.values.set(name, Number(value[1]));
    }
  }
  return [...found].map(([id, sandbox]) => toStatus(id, sandbox)).sort((a, b) => (a.id < b.id ? -1 : 1));
}

function toStatus(id: string, { labels, values, reasons, nowSeconds }: Found): SandboxStatus {
  const value = (name: Gauge): number | null => {
    const known = values.get(name);
    return known === undefined || !Number.isFinite(known) ? null : known;
  };
  const text = (name: string): string | null => ((labels[name] ?? '') === '' ? null : labels[name]!);
  const startSeconds = value('created_seconds') ?? Number.NaN;
  const state = toState(value('up') === 1, value('guest_up') === 1, reasons, nowSeconds - startSeconds);
  return {
    id,
    namespace: text('cri_namespace'),
    pod: text('cri_name'),
    uid: text('cri_uid'),
    root: labels['instance'] ?? '',
    runtime: null,
    startSeconds,
    state,
    isHealthy: isHealthy({ state, reasons }),
    // A query at one moment does not tell it, except for a shim that does not respond.
    stateSinceSeconds: value('up') === 1 ? Number.NaN : nowSeconds - (value('last_success_age_seconds') ?? Number.NaN),
    reasons,
    message: null,
    samples: value('scrape_samples') ?? 0,
    droppedSamples: 0,
    readSeconds: nowSeconds,
    scrapeSeconds: value('scrape_duration_seconds'),
    lastSuccessAgeSeconds: value('last_success_age_seconds'),
    cpu: { usageSecondsTotal: null, cores: value('cpu_cores') },
    memory: {
      totalBytes: value('memory_total_bytes'),
      availableBytes: value('memory_available_bytes'),
      workingSetBytes: value('memory_working_set_bytes'),
    },
    host: {
      memoryBytes: value('host_memory_bytes'),
      cpuSecondsTotal: null,
      overheadMemoryBytes: value('overhead_memory_bytes'),
    },
    network: { receiveBytesTotal: null, transmitBytesTotal: null },
    disk: { readBytesTotal: null, writtenBytesTotal: null },
    load1: value('load1'),
    tasks: value('tasks'),
    uptimeSeconds: value('guest_uptime_seconds'),
    agent: { millisecondsTotal: null, callsTotal: null },
  };
}

function toState(
  isUp: boolean,
  isGuestUp: boolean,
  reasons: readonly string[],
  ageSeconds: number,
): SandboxStatus['state'] {
  if (!isUp) {
    return stateOfShim(reasons[0]);
  }
  return isGuestUp ? 'running' : ageSeconds < BOOT_SECONDS ? 'booting' : 'guest-unresponsive';
}

function toRates(
  names: readonly (keyof SandboxRates)[],
  results: readonly (readonly Series[])[],
): Map<string, SandboxRates> {
  const rates = new Map<string, Record<string, number>>();
  for (const [i, name] of names.entries()) {
    for (const { metric, value } of results[i] ?? []) {
      const id = metric['sandbox_id'] ?? '';
      const ofSandbox = rates.get(id) ?? {};
      rates.set(id, ofSandbox);
      const rate = Number(value[1]);
      if (Number.isFinite(rate)) {
        ofSandbox[name] ??= rate;
      }
    }
  }
  return rates as unknown as Map<string, SandboxRates>;
}

function toSnapshot(
  sandboxes: readonly SandboxStatus[],
  series: readonly Series[],
  url: string,
  seconds: number,
): Snapshot {
  const nodes = new Set(sandboxes.map(({ root }) => root)).size;
  const count = (state: string): number => sandboxes.filter((sandbox) => sandbox.state === state).length;
  const states = Object.fromEntries(sandboxStates.map((state) => [state, count(state)]));
  return {
    sandboxes,
    node: {
      hostname: `${nodes} nodes of ${url}`,
      version: '',
      nodejs: '',
      startSeconds: Number.NaN,
      nowSeconds: series[0]?.value[0] ?? Date.now() / 1000,
      sandboxes: sandboxes.length,
      sandboxesByState: states as Snapshot['node']['sandboxesByState'],
      sandboxesOverLimit: 0,
      unreadableRoots: [],
      containerManager: { isUp: false, name: null, version: null, problem: null },
      collection: {
        seconds,
        samples: sandboxes.reduce((sum, { samples }) => sum + samples, 0),
        problems: sandboxes.filter(({ reasons }) => reasons.length > 0).length,
      },
      process: { cpuSecondsTotal: Number.NaN, memoryBytes: Number.NaN },
    },
  };
}

/** Labels that only name the sandbox. */
const ofSandbox: ReadonlySet<string> = new Set([
  '__name__',
  'cri_name',
  'cri_namespace',
  'cri_uid',
  'instance',
  'job',
  'sandbox_id',
]);

async function readDetail(client: JsonClient, sandbox: SandboxStatus, signal: AbortSignal): Promise<SandboxDetail> {
  const selector = `{sandbox_id=${JSON.stringify(sandbox.id)},instance=${JSON.stringify(sandbox.root)}}`;
  const series = await query(client, selector, signal);
  const byName = Map.groupBy(series, ({ metric }) => metric['__name__'] ?? '');
  const families = [...byName].map(([name, ofName]) => ({
    name,
    type: findFamily(name)?.type ?? 'unknown',
    unit: null,
    help: findFamily(name)?.help ?? null,
    samples: ofName.map(({ metric, value }) => ({
      name,
      labels: Object.fromEntries(Object.entries(metric).filter(([label]) => !ofSandbox.has(label))),
      value: value[1],
    })),
  }));
  return { sandbox, containers: [], families: families.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}
