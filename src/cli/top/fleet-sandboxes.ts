/**
 * The results of PromQL as the objects of the API. Pure, except that the node of the snapshot describes this process.
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
import { isSandboxId } from '../../sandboxes/index.ts';
import type { SandboxRates } from '../../view/index.ts';
import { PAUSED, SANDBOX_PREFIX, type SandboxGauge, type Series, SHIM_START } from './prom-ql.ts';

export interface FleetSandbox {
  readonly status: SandboxStatus;
  /** The target whose series these are. */
  readonly instance: string;
  /** When the query was evaluated, in seconds since 1970. */
  readonly nowSeconds: number;
}

/** A guest that has not responded for longer is not booting any more: as for `ls`. */
const BOOT_SECONDS = 120;

interface Found {
  readonly labels: Series['metric'];
  readonly instance: string;
  readonly values: Map<SandboxGauge, number>;
  readonly reasons: string[];
  readonly rates: Partial<Record<keyof SandboxRates, number>>;
  readonly nowSeconds: number;
  readSeconds: number | null;
  shimStartSeconds: number | null;
  isPaused: boolean;
}

/** Returns the sandboxes by id. If two jobs scrape a sandbox, the instance that sorts first is used. Ignores invalid ids. */
export function toFleetSandboxes(
  gauges: readonly Series[],
  times: readonly Series[],
  rates: ReadonlyMap<keyof SandboxRates, readonly Series[]>,
): FleetSandbox[] {
  const found = new Map<string, Found>();
  const sorted = gauges.toSorted((a, b) => (instanceOf(a) < instanceOf(b) ? -1 : 1));
  for (const series of sorted) {
    const { metric: labels, value } = series;
    const id = labels['sandbox_id'] ?? '';
    if (!found.has(id) && isSandboxId(id)) {
      const instance = instanceOf(series);
      const fresh = {
        values: new Map(),
        reasons: [],
        rates: {},
        nowSeconds: value[0],
        readSeconds: null,
        shimStartSeconds: null,
        isPaused: false,
      };
      found.set(id, { labels, instance, ...fresh });
    }
    addGauge(findOf(found, series), series);
  }
  for (const series of times) {
    const sandbox = findOf(found, series);
    if (sandbox !== undefined) {
      sandbox.readSeconds = toNumber(series);
    }
  }
  for (const [name, results] of rates) {
    for (const series of results) {
      const sandbox = findOf(found, series);
      const rate = toNumber(series);
      if (sandbox !== undefined && rate !== null) {
        sandbox.rates[name] = rate;
      }
    }
  }
  return [...found]
    .map(([id, sandbox]) => {
      const { instance, nowSeconds } = sandbox;
      return { status: toStatus(id, sandbox), instance, nowSeconds };
    })
    .sort((a, b) => (a.status.id < b.status.id ? -1 : 1));
}

function instanceOf({ metric }: Series): string {
  return metric['instance'] ?? '';
}

function findOf(found: ReadonlyMap<string, Found>, series: Series): Found | undefined {
  const sandbox = found.get(series.metric['sandbox_id'] ?? '');
  return sandbox?.instance === instanceOf(series) ? sandbox : undefined;
}

function toNumber({ value }: Series): number | null {
  const number = Number(value[1]);
  return Number.isFinite(number) ? number : null;
}

/** Null for a number that counts nothing: whatever a series has, the objects of the API match their schema. */
function toCount(value: number | null): number | null {
  return Number.isSafeInteger(value) ? value : null;
}

function addGauge(sandbox: Found | undefined, series: Series): void {
  const { __name__: family = '' } = series.metric;
  const name = family.slice(SANDBOX_PREFIX.length) as SandboxGauge;
  const number = toNumber(series);
  if (family === SHIM_START && sandbox !== undefined) {
    sandbox.shimStartSeconds = number;
  } else if (family === PAUSED && sandbox !== undefined) {
    sandbox.isPaused = number === 1;
  } else if (name === 'scrape_error') {
    sandbox?.reasons.push(series.metric['reason'] ?? 'unknown');
  } else if (number !== null) {
    sandbox?.values.set(name, number);
  }
}

function toStatus(id: string, found: Found): SandboxStatus {
  const { labels, instance, values, reasons, rates, nowSeconds, readSeconds } = found;
  const value = (name: SandboxGauge): number | null => values.get(name) ?? null;
  const text = (name: string): string | null => ((labels[name] ?? '') === '' ? null : labels[name]!);
  const startSeconds = value('created_seconds') ?? found.shimStartSeconds;
  const isUp = value('up') === 1;
  const age = startSeconds === null ? Number.POSITIVE_INFINITY : nowSeconds - startSeconds;
  const state = isUp && found.isPaused ? 'paused' : toState(isUp, value('guest_up') === 1, reasons, age);
  const silentSeconds = value('last_success_age_seconds');
  const rate = (name: keyof SandboxRates): number | null => rates[name] ?? null;
  return {
    id,
    namespace: text('cri_namespace'),
    pod: text('cri_name'),
    uid: text('cri_uid'),
    node: text('node') ?? instance,
    root: null,
    runtime: null,
    startSeconds,
    state,
    isHealthy: isHealthy({ state, reasons }),
    // Profiles of monitors may omit it; a shim that does not respond has told it.
    stateSinceSeconds:
      value('state_start_time_seconds') ??
      (isUp || silentSeconds === null ? null : (readSeconds ?? nowSeconds) - silentSeconds),
    restarts: toCount(value('restarts_total')),
    reasons,
    message: null,
    samples: toCount(value('scrape_samples')) ?? 0,
    droppedSamples: 0,
    readSeconds,
    scrapeSeconds: value('scrape_duration_seconds'),
    lastSuccessAgeSeconds: silentSeconds,
    cpu: { usageSecondsTotal: null, cores: value('cpu_cores') },
    memory: {
      totalBytes: value('memory_total_bytes'),
      availableBytes: value('memory_available_bytes'),
      workingSetBytes: value('memory_working_set_bytes'),
      oomKillsTotal: value('oom_kills_total'),
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
    rates: {
      cpuCores: rate('cpuCores'),
      hostCpuCores: rate('hostCpuCores'),
      receiveBytes: rate('receiveBytes'),
      transmitBytes: rate('transmitBytes'),
      readBytes: rate('readBytes'),
      writtenBytes: rate('writtenBytes'),
      agentMilliseconds: rate('agentMilliseconds'),
    },
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

export interface SnapshotFacts {
  /** `up` of the monitors. */
  readonly monitors: readonly Series[];
  readonly url: string;
  /** Duration of the queries. */
  readonly seconds: number;
  /** Version of the package. */
  readonly version: string;
}

export function toSnapshot(
  found: readonly FleetSandbox[],
  { monitors, url, seconds, version }: SnapshotFacts,
): Snapshot {
  const sandboxes = found.map(({ status }) => status);
  const instances = new Set([...found.map(({ instance }) => instance), ...monitors.map(instanceOf)]);
  const down = monitors.filter((series) => toNumber(series) === 0);
  const unreachableNodes = down.map((series) => series.metric['node'] ?? instanceOf(series)).sort();
  const count = (state: string): number => sandboxes.filter((sandbox) => sandbox.state === state).length;
  const states = Object.fromEntries(sandboxStates.map((state) => [state, count(state)]));
  const cpu = process.cpuUsage();
  const nowSeconds = found[0]?.nowSeconds ?? Date.now() / 1000;
  return {
    sandboxes,
    node: {
      hostname: describeNodes(instances.size, url, unreachableNodes.length),
      nodes: instances.size,
      unreachableNodes: [...new Set(unreachableNodes)],
      version,
      nodejs: process.version,
      startSeconds: performance.timeOrigin / 1000,
      nowSeconds,
      sandboxes: sandboxes.length,
      sandboxesByState: states as Snapshot['node']['sandboxesByState'],
      sandboxesOverLimit: 0,
      unreadableRoots: [],
      containerManager: { isUp: false, name: null, version: null, problem: null },
      lastEventId: null,
      collection: {
        seconds,
        samples: sandboxes.reduce((sum, { samples }) => sum + samples, 0),
        problems: sandboxes.filter(({ reasons }) => reasons.length > 0).length,
      },
      process: { cpuSecondsTotal: (cpu.user + cpu.system) / 1e6, memoryBytes: process.memoryUsage.rss() },
    },
  };
}

function describeNodes(count: number, url: string, downCount: number): string {
  const down = downCount === 0 ? '' : `, ${downCount} of them cannot be scraped`;
  return `${count} ${count === 1 ? 'node' : 'nodes'} of ${url}${down}`;
}

/** Labels that only name the sandbox. */
const ofSandbox: ReadonlySet<string> = new Set([
  '__name__',
  'cri_name',
  'cri_namespace',
  'cri_uid',
  'instance',
  'job',
  'node',
  'sandbox_id',
]);

/** `series`: every series of the sandbox. Prometheus does not know its containers. */
export function toDetail({ status }: FleetSandbox, series: readonly Series[]): SandboxDetail {
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
  return { sandbox: status, containers: [], families: families.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}
