/**
 * The table of `up`: the same objects, columns and rates as on the page and in `top`, and the cost of the scrape. Pure.
 */
import { type Snapshot, sandboxStates } from '../api/index.ts';
import { columns, type SandboxRow, toRows } from '../view/index.ts';
import { paint } from './paint.ts';
import { formatBytes, formatTable } from './table.ts';

export interface Overview {
  readonly snapshot: Snapshot;
  readonly rows: readonly SandboxRow[];
  /** Number of samples in the response of /metrics. */
  readonly samples: number;
  readonly bytes: number;
  /** Time from the request to the last byte of the response. */
  readonly scrapeMs: number;
}

export interface Reading {
  readonly snapshot: Snapshot;
  /** The response of /metrics from the same collection, as text. */
  readonly body: Buffer;
  readonly scrapeMs: number;
}

/** `previous`: what rates are measured from. */
export function toOverview({ snapshot, body, scrapeMs }: Reading, previous?: Overview): Overview {
  return {
    snapshot,
    rows: toRows(snapshot, previous?.snapshot),
    samples: countSamples(body),
    bytes: body.length,
    scrapeMs,
  };
}

const LINE_FEED = 0x0a;
const NUMBER_SIGN = 0x23;

/** Lines that are neither empty nor comments. */
function countSamples(body: Buffer): number {
  let count = 0;
  for (let from = 0; from < body.length; ) {
    const end = body.indexOf(LINE_FEED, from);
    const to = end === -1 ? body.length : end;
    if (to > from && body[from] !== NUMBER_SIGN) {
      count++;
    }
    from = to + 1;
  }
  return count;
}

/** Whether a guest may respond within the next minute. */
export function isStarting({ rows }: Overview): boolean {
  return rows.some(({ status: { state } }) => state === 'booting' || state === 'starting');
}

const shownKeys: readonly string[] = ['pod', 'state', 'cpu', 'memory', 'host', 'overhead', 'agent', 'samples'];
const shownColumns = columns.filter(({ key }) => shownKeys.includes(key));

export function formatOverview({ rows, samples, bytes, scrapeMs }: Overview): string {
  const cells = rows.map((row) => shownColumns.map(({ text }) => text(row)));
  const numbers = new Set(shownColumns.flatMap(({ isNumber }, i) => (isNumber ? [i] : [])));
  const titles = shownColumns.map(({ title }) => title);
  const table = rows.length === 0 ? 'No sandboxes\n' : formatTable(titles, cells, numbers);
  const units = rows.length === 0 ? '' : 'CPU: cores in use / cores of the guest.\n';
  return `${table}\n${units}This scrape: ${samples} samples, ${formatBytes(bytes)}, ${scrapeMs.toFixed(0)} ms\n`;
}

/** The cells of a row before its third one; pods and ids contain no blank, a reason is in parentheses. */
const firstCells = /^(\S+ +)(\S+(?: \([a-z_0-9]+\))?)/;

/** Adds colours to one line. They only repeat what the words state. */
export function paintOverview(line: string): string {
  if (line.startsWith('POD ')) {
    return paint('bold', line, process.stdout);
  }
  const [cells = '', pod = '', state = ''] = firstCells.exec(line) ?? [];
  if (!isState(state.split(' ', 1)[0])) {
    return line;
  }
  const colour = state === 'running' ? 'green' : /^(?:booting|paused|starting)$/.test(state) ? 'yellow' : 'red';
  return pod + paint(colour, state, process.stdout) + line.slice(cells.length);
}

function isState(text: string | undefined): boolean {
  return sandboxStates.some((state) => state === text);
}
