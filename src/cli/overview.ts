/**
 * The values of each sandbox that `up` shows, taken from the monitor's own response. Pure.
 */

import { guestState } from '../derived-metrics/guest-state.ts';
import { parseValue, readSampleLine, type SampleLine, scan } from '../exposition/index.ts';
import { paint } from './paint.ts';
import { formatBytes, formatTable } from './table.ts';

export interface SandboxOverview {
  readonly id: string;
  /** `namespace/name`, if the container manager knows the pod. */
  readonly pod: string | undefined;
  /** As `ls` shows it, or `down: <reason>`; with a reason in brackets if some metrics are missing. */
  readonly state: string;
  /** Undefined where the runtime does not report it. */
  readonly isAgentUp: boolean | undefined;
  /** Mean since the previous reading; undefined in the first one. */
  readonly guestCpuCores: number | undefined;
  readonly guestCpus: number | undefined;
  readonly guestMemoryUsedBytes: number | undefined;
  readonly guestMemoryBytes: number | undefined;
  readonly hostMemoryBytes: number | undefined;
  readonly overheadMemoryBytes: number | undefined;
  /** Mean of GetMetrics since the last reading, or since the shim started. */
  readonly agentRpcMs: number | undefined;
  readonly samples: number;
  /** For the next reading. */
  readonly counters: Counters;
}

interface Counters {
  readonly guestCpuSeconds: number | undefined;
  readonly rpcSumMs: number | undefined;
  readonly rpcCount: number | undefined;
}

export interface Overview {
  /** In the order of the ids. */
  readonly sandboxes: readonly SandboxOverview[];
  /** Of the whole response, the monitor's own among them. */
  readonly samples: number;
  readonly bytes: number;
  /** From the request to the last byte of the response. */
  readonly scrapeMs: number;
  /** When it was read, in seconds since 1970. */
  readonly nowSeconds: number;
}

export interface ReadingOptions {
  readonly nowSeconds: number;
  readonly scrapeMs: number;
  /** What rates are measured from. */
  readonly previous?: Overview | undefined;
}

/** From text 0.0.4 of the whole node. */
export function readOverview(body: Buffer, { nowSeconds, scrapeMs, previous }: ReadingOptions): Overview {
  const bySandbox = new Map<string, SampleLine[]>();
  const scanned = scan(body);
  const { families, sampleCount } = scanned.form;
  for (const { from, to } of families.flatMap(({ segments }) => segments)) {
    for (let line = from; line < to; line++) {
      const sample = readSampleLine(scanned, line);
      const id = labelOf(sample, 'sandbox_id');
      if (id !== undefined) {
        const others = bySandbox.get(id) ?? [];
        bySandbox.set(id, others);
        others.push(sample);
      }
    }
  }
  const before = new Map(previous?.sandboxes.map(({ id, counters }) => [id, counters]));
  const elapsedSeconds = previous === undefined ? 0 : nowSeconds - previous.nowSeconds;
  const sandboxes = [...bySandbox.keys()].sort().map((id) => {
    const since = { counters: before.get(id), elapsedSeconds };
    return toSandboxOverview(id, bySandbox.get(id)!, nowSeconds, since);
  });
  return { sandboxes, samples: sampleCount, bytes: body.length, scrapeMs, nowSeconds };
}

function labelOf({ labels }: SampleLine, wanted: string): string | undefined {
  return labels.find(([name]) => name === wanted)?.[1];
}

interface Since {
  readonly counters: Counters | undefined;
  readonly elapsedSeconds: number;
}

function toSandboxOverview(
  id: string,
  samples: readonly SampleLine[],
  nowSeconds: number,
  { counters: before, elapsedSeconds }: Since,
): SandboxOverview {
  const values = new Map<string, number>();
  let error: string | undefined;
  let pod: string | undefined;
  let hasResponded = false;
  for (const sample of samples) {
    const { name, value } = sample;
    const action = labelOf(sample, 'action');
    values.set(action === undefined ? name : `${name} ${action}`, parseValue(value));
    if (name === 'kata_sandbox_scrape_error') {
      error = labelOf(sample, 'reason');
    } else if (name === 'kata_sandbox_up') {
      pod = toPodPath(sample);
    } else if (name === 'kata_shim_sandbox_info') {
      hasResponded = (labelOf(sample, 'agent_version') ?? '') !== '';
    }
  }
  const rpc = (part: string): number | undefined =>
    values.get(`kata_shim_agent_rpc_durations_histogram_milliseconds_${part} grpc.GetMetricsRequest`);
  const agentUp = values.get('kata_shim_agent_up');
  const startSeconds = values.get('kata_shim_process_start_time_seconds');
  const counters = {
    guestCpuSeconds: values.get('kata_sandbox_cpu_usage_seconds_total'),
    rpcSumMs: rpc('sum'),
    rpcCount: rpc('count'),
  };
  return {
    id,
    pod,
    state: toState({
      isUp: values.get('kata_sandbox_up') === 1,
      error,
      isGuestUp: values.get('kata_sandbox_guest_up') === 1,
      hasResponded,
      ageSeconds: startSeconds === undefined ? undefined : Math.max(0, nowSeconds - startSeconds),
    }),
    isAgentUp: agentUp === undefined ? undefined : agentUp === 1,
    guestCpuCores: quotient(rise(before?.guestCpuSeconds, counters.guestCpuSeconds), elapsedSeconds),
    guestCpus: values.get('kata_sandbox_cpu_cores'),
    guestMemoryUsedBytes: values.get('kata_sandbox_memory_working_set_bytes'),
    guestMemoryBytes: values.get('kata_sandbox_memory_total_bytes'),
    hostMemoryBytes: values.get('kata_sandbox_host_memory_bytes'),
    overheadMemoryBytes: values.get('kata_sandbox_overhead_memory_bytes'),
    agentRpcMs:
      quotient(rise(before?.rpcSumMs, counters.rpcSumMs), rise(before?.rpcCount, counters.rpcCount)) ??
      quotient(counters.rpcSumMs, counters.rpcCount),
    samples: samples.length,
    counters,
  };
}

function toPodPath(sample: SampleLine): string | undefined {
  const name = labelOf(sample, 'cri_name') ?? '';
  return name === '' ? undefined : `${labelOf(sample, 'cri_namespace') ?? ''}/${name}`;
}

interface StateFacts {
  readonly isUp: boolean;
  readonly error: string | undefined;
  readonly isGuestUp: boolean;
  readonly hasResponded: boolean;
  readonly ageSeconds: number | undefined;
}

function toState({ isUp, error, ...guest }: StateFacts): string {
  if (!isUp) {
    return error === 'starting' ? error : `down: ${error ?? 'unknown'}`;
  }
  const state = guestState(guest);
  return error === undefined ? state : `${state} (${error})`;
}

/** Undefined where a counter is not known, or was started again. */
function rise(before: number | undefined, now: number | undefined): number | undefined {
  return before === undefined || now === undefined || now < before ? undefined : now - before;
}

function quotient(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined || !(b > 0) ? undefined : a / b;
}

const SHORT_ID_LENGTH = 12;

interface Column {
  readonly title: string;
  readonly isNumber?: true;
  readonly cell: (sandbox: SandboxOverview) => string | undefined;
}

const columns: readonly Column[] = [
  { title: 'POD', cell: ({ id, pod }) => pod ?? id.slice(0, SHORT_ID_LENGTH) },
  { title: 'STATE', cell: ({ state }) => state },
  {
    title: 'GUEST CPU',
    isNumber: true,
    cell: ({ guestCpuCores, guestCpus }) => ofTotal(guestCpuCores?.toFixed(2), guestCpus && String(guestCpus)),
  },
  {
    title: 'MEM USED/TOTAL',
    isNumber: true,
    cell: ({ guestMemoryUsedBytes: used, guestMemoryBytes: total }) =>
      ofTotal(used && formatBytes(used), total && formatBytes(total)),
  },
  { title: 'HOST MEM', isNumber: true, cell: ({ hostMemoryBytes }) => formatBytes(hostMemoryBytes) },
  { title: 'OVERHEAD', isNumber: true, cell: ({ overheadMemoryBytes }) => formatBytes(overheadMemoryBytes) },
  {
    title: 'AGENT RPC',
    isNumber: true,
    cell: ({ agentRpcMs }) => (agentRpcMs === undefined ? undefined : `${agentRpcMs.toFixed(1)} ms`),
  },
  { title: 'SAMPLES', isNumber: true, cell: ({ samples }) => String(samples) },
];

/** `0.98 / 2`; undefined where neither is known. */
function ofTotal(used: string | number | undefined, total: string | number | undefined): string | undefined {
  return used === undefined && total === undefined ? undefined : `${used ?? '-'} / ${total ?? '-'}`;
}

export function formatOverview({ sandboxes, samples, bytes, scrapeMs }: Overview): string {
  const rows = sandboxes.map((sandbox) => columns.map(({ cell }) => cell(sandbox) ?? '-'));
  const numbers = new Set(columns.flatMap(({ isNumber }, i) => (isNumber ? [i] : [])));
  const titles = columns.map(({ title }) => title);
  const table = rows.length === 0 ? 'No sandboxes\n' : formatTable(titles, rows, numbers);
  const units = rows.length === 0 ? '' : 'GUEST CPU: cores in use / cores of the guest.\n';
  return `${table}\n${units}This scrape: ${samples} samples, ${formatBytes(bytes)}, ${scrapeMs.toFixed(0)} ms\n`;
}

/** The second cell of a row; pods and ids contain no blank. */
const STATE_CELL =
  /^(\S+ +)((?:running|booting|starting|guest-unresponsive|down:)(?: (?:\([a-z_0-9]+\)|[a-z_0-9]+))?)( .*)?$/;

/** Adds colours to one line. They only repeat what the words state. */
export function paintOverview(line: string): string {
  if (line.startsWith('POD ')) {
    return paint('bold', line, process.stdout);
  }
  const [, pod = '', state = '', rest = ''] = STATE_CELL.exec(line) ?? [];
  if (pod === '') {
    return line;
  }
  const colour = state === 'running' ? 'green' : /^(?:booting|starting)$/.test(state) ? 'yellow' : 'red';
  return pod + paint(colour, state, process.stdout) + rest;
}
