/**
 * The figures of each sandbox that `up` shows, taken from the monitor's own answer. Pure.
 */
import { parseValue, readSampleLine, type SampleLine, scan } from '../exposition/index.ts';
import { paint } from './paint.ts';
import { formatAge, formatBytes, formatTable } from './table.ts';

export interface SandboxFigures {
  readonly id: string;
  readonly isUp: boolean;
  readonly error: string | undefined;
  /** Of its shim. */
  readonly ageSeconds: number | undefined;
  readonly isAgentUp: boolean | undefined;
  /** Mean of GetMetrics since the shim started. */
  readonly agentRpcMs: number | undefined;
  readonly load1: number | undefined;
  /** Of the guest. */
  readonly memoryAvailableBytes: number | undefined;
  readonly hypervisorRssBytes: number | undefined;
  readonly shimRssBytes: number | undefined;
  readonly overheadCpuPercent: number | undefined;
  readonly samples: number;
}

export interface Overview {
  /** In the order of the ids. */
  readonly sandboxes: readonly SandboxFigures[];
  /** Of the whole answer, the monitor's own among them. */
  readonly samples: number;
  readonly bytes: number;
  /** From the request to the last byte of the answer. */
  readonly scrapeMs: number;
}

const BYTES_PER_KIB = 1024;

/** From text 0.0.4 of the whole node. */
export function readOverview(
  body: Buffer,
  { nowSeconds, scrapeMs }: { nowSeconds: number; scrapeMs: number },
): Overview {
  const bySandbox = new Map<string, SampleLine[]>();
  const { families, lines, sampleCount } = scan(body);
  for (const { from, to } of families.flatMap(({ segments }) => segments)) {
    for (let line = from; line < to; line++) {
      const sample = readSampleLine(lines, line);
      const id = sample.labels.find(([name]) => name === 'sandbox_id')?.[1];
      if (id !== undefined) {
        const others = bySandbox.get(id) ?? [];
        bySandbox.set(id, others);
        others.push(sample);
      }
    }
  }
  const sandboxes = [...bySandbox.keys()].sort().map((id) => toFigures(id, bySandbox.get(id)!, nowSeconds));
  return { sandboxes, samples: sampleCount, bytes: body.length, scrapeMs };
}

/** The labels that tell samples of one family apart, in the families that are shown. */
const telling: ReadonlySet<string> = new Set(['item', 'action']);

function toFigures(id: string, samples: readonly SampleLine[], nowSeconds: number): SandboxFigures {
  const values = new Map<string, number>();
  let error: string | undefined;
  for (const { name, labels, value } of samples) {
    const label = labels.find(([labelName]) => telling.has(labelName))?.[1];
    values.set(label === undefined ? name : `${name} ${label}`, parseValue(value));
    if (name === 'kata_sandbox_scrape_error') {
      error = labels.find(([labelName]) => labelName === 'reason')?.[1];
    }
  }
  const rpc = (part: string): number | undefined =>
    values.get(`kata_shim_agent_rpc_durations_histogram_milliseconds_${part} grpc.GetMetricsRequest`);
  const [startSeconds, agentUp, rpcSumMs, rpcCount, hypervisorRssKib] = [
    values.get('kata_shim_process_start_time_seconds'),
    values.get('kata_shim_agent_up'),
    rpc('sum'),
    rpc('count'),
    values.get('kata_hypervisor_proc_status vmrss'),
  ];
  return {
    id,
    isUp: values.get('kata_sandbox_up') === 1,
    error,
    ageSeconds: startSeconds === undefined ? undefined : Math.max(0, nowSeconds - startSeconds),
    isAgentUp: agentUp === undefined ? undefined : agentUp === 1,
    agentRpcMs: rpcSumMs === undefined || !rpcCount ? undefined : rpcSumMs / rpcCount,
    load1: values.get('kata_guest_load load1'),
    memoryAvailableBytes: values.get('kata_guest_meminfo mem_available'),
    hypervisorRssBytes: hypervisorRssKib === undefined ? undefined : hypervisorRssKib * BYTES_PER_KIB,
    shimRssBytes: values.get('kata_shim_process_resident_memory_bytes'),
    overheadCpuPercent: values.get('kata_shim_pod_overhead_cpu'),
    samples: samples.length,
  };
}

const SHORT_ID_LENGTH = 12;

interface Column {
  readonly title: string;
  readonly isNumber?: true;
  readonly cell: (figures: SandboxFigures) => string | undefined;
}

const columns: readonly Column[] = [
  { title: 'SANDBOX', cell: ({ id }) => id.slice(0, SHORT_ID_LENGTH) },
  { title: 'STATE', cell: ({ isUp, error }) => (isUp ? (error ?? 'up') : `down: ${error ?? 'unknown'}`) },
  { title: 'AGE', isNumber: true, cell: ({ ageSeconds }) => formatAge(ageSeconds) },
  { title: 'AGENT', cell: ({ isAgentUp }) => (isAgentUp === undefined ? undefined : isAgentUp ? 'up' : 'down') },
  { title: 'RPC', isNumber: true, cell: ({ agentRpcMs }) => withUnit(agentRpcMs, 'ms') },
  { title: 'LOAD1', isNumber: true, cell: ({ load1 }) => load1?.toFixed(2) },
  { title: 'GUEST AVAIL', isNumber: true, cell: ({ memoryAvailableBytes }) => formatBytes(memoryAvailableBytes) },
  { title: 'VMM RSS', isNumber: true, cell: ({ hypervisorRssBytes }) => formatBytes(hypervisorRssBytes) },
  { title: 'SHIM RSS', isNumber: true, cell: ({ shimRssBytes }) => formatBytes(shimRssBytes) },
  { title: 'OVERHEAD CPU', isNumber: true, cell: ({ overheadCpuPercent }) => withUnit(overheadCpuPercent, '%') },
  { title: 'SAMPLES', isNumber: true, cell: ({ samples }) => String(samples) },
];

function withUnit(value: number | undefined, unit: string): string | undefined {
  return value === undefined ? undefined : `${value.toFixed(1)} ${unit}`;
}

export function formatOverview({ sandboxes, samples, bytes, scrapeMs }: Overview): string {
  const rows = sandboxes.map((figures) => columns.map(({ cell }) => cell(figures) ?? '-'));
  const numbers = new Set(columns.flatMap(({ isNumber }, i) => (isNumber ? [i] : [])));
  const titles = columns.map(({ title }) => title);
  const table = rows.length === 0 ? 'No sandboxes\n' : formatTable(titles, rows, numbers);
  return `${table}\nThis scrape: ${samples} samples, ${formatBytes(bytes)}, ${scrapeMs.toFixed(0)} ms\n`;
}

/** One line of it with its colours, which stand for nothing that is not in words too. */
export function paintOverview(line: string): string {
  if (line.startsWith('SANDBOX ')) {
    return paint('bold', line, process.stdout);
  }
  const [, id = '', state = '', rest = ''] = /^(\S+ +)((?:up|down: \S+|[a-z_]+)(?= |$))(.*)$/.exec(line) ?? [];
  if (id === '' || line.startsWith('This scrape')) {
    return line;
  }
  return id + paint(state === 'up' ? 'green' : 'red', state, process.stdout) + rest;
}
