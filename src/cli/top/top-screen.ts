/**
 * The screen of `top`: what it shows in a terminal of a given size. Pure.
 */
import type { SandboxDetail, Snapshot } from '../../api/index.ts';
import { toPrintableLine } from '../../program/index.ts';
import {
  columnsOf,
  type DetailField,
  describeIncidents,
  describeReason,
  formatAge,
  formatBytes,
  formatCores,
  formatMilliseconds,
  formatNumber,
  formatPercent,
  runbookOf,
  type SandboxRow,
  sandboxName,
} from '../../view/index.ts';
import type { Colour } from '../paint.ts';
import type { TopState } from './top-state.ts';
import { formatRows, shareOf } from './top-table.ts';

/** A line, and how it is emphasized. */
export interface ScreenLine {
  readonly text: string;
  readonly colour?: Colour | undefined;
  readonly isSelected?: boolean;
}

export interface ScreenFacts {
  readonly snapshot: Snapshot | undefined;
  /** Selected and sorted. */
  readonly rows: readonly SandboxRow[];
  readonly detail: SandboxDetail | undefined;
  /** Rates of the sandbox of `detail`. */
  readonly detailRates?: ReadonlyMap<DetailField, number>;
  /** Error of the last read, after which the values are those of an earlier read. */
  readonly problem: string | undefined;
  /** CPUs in use by the sandbox of the details, oldest first. */
  readonly history: readonly (number | undefined)[];
  readonly isWide: boolean;
  readonly width: number;
  readonly height: number;
}

/** Lines around the rows of the table. */
export const FRAME_LINES = 5;

/** Returns at most `height` lines. Whatever they have of sandboxes, servers and keys is printable. */
export function renderScreen(state: TopState, facts: ScreenFacts): ScreenLine[] {
  const { height } = facts;
  const body =
    state.screen === 'help'
      ? helpLines
      : state.screen === 'detail'
        ? renderDetail(state, facts)
        : renderTable(state, facts);
  const header: ScreenLine[] = [{ text: summarize(facts.snapshot), colour: 'bold' }];
  if (facts.problem !== undefined) {
    header.push({ text: facts.problem, colour: 'red' });
  }
  const footer: ScreenLine = { text: describeKeys(state) };
  const place = Math.max(0, height - header.length - 1);
  const shown = body.slice(0, place);
  const padding = Array.from({ length: place - shown.length }, () => ({ text: '' }));
  // Here, and not where each text is written: none is forgotten.
  return [...header, ...shown, ...padding, footer]
    .slice(0, height)
    .map((line) => ({ ...line, text: toPrintableLine(line.text) }));
}

function summarize(snapshot: Snapshot | undefined): string {
  if (snapshot === undefined) {
    return 'Reading the sandboxes ...';
  }
  const { node } = snapshot;
  const states = Object.entries(node.sandboxesByState).flatMap(([state, count]) =>
    count > 0 ? [`${count} ${state}`] : [],
  );
  const cost = `${formatMilliseconds(node.collection.seconds * 1000)}, ${formatNumber(node.collection.samples)} samples`;
  return `${node.hostname}: ${node.sandboxes} sandboxes${states.length === 0 ? '' : ` (${states.join(', ')})`}  ${cost}`;
}

function describeKeys({ screen, isTyping, filter: { text, namespace, isUnhealthyOnly } }: TopState): string {
  if (isTyping) {
    return `Filter: ${text}_  (Enter: done, Esc: clear)`;
  }
  if (screen === 'detail') {
    return 'Esc: back  Down, Up: scroll  ?: help';
  }
  const filters = [
    ...(text === '' ? [] : [`filter "${text}"`]),
    ...(namespace === undefined ? [] : [`namespace ${namespace}`]),
    ...(isUnhealthyOnly ? ['only unhealthy'] : []),
  ];
  const keys = 'q: quit  ?: help  /: filter  Enter: details';
  return screen === 'help' ? 'Any key: back' : [...filters, keys].join('  ');
}

function renderTable(
  { order, selectedId }: TopState,
  { rows, snapshot, width, height, isWide, problem }: ScreenFacts,
): ScreenLine[] {
  if (rows.length === 0) {
    const isEmpty = snapshot !== undefined && snapshot.sandboxes.length === 0;
    const text =
      snapshot === undefined
        ? ''
        : isEmpty
          ? `No sandboxes ${hasSeveralNodes(snapshot) ? 'in this Prometheus' : 'on this node'}.`
          : 'No sandbox matches. Esc: clear the filter';
    return [{ text: '' }, { text }];
  }
  const place = Math.max(1, height - FRAME_LINES - (problem === undefined ? 0 : 1));
  const at = Math.max(
    0,
    rows.findIndex(({ status }) => status.id === selectedId),
  );
  // The selected row is in the middle where there are rows on both sides.
  const from = Math.max(0, Math.min(rows.length - place, at - Math.floor(place / 2)));
  const shown = rows.slice(from, from + place);
  const MARK_WIDTH = 2;
  const hasNodes = hasSeveralNodes(snapshot);
  const table = { sort: order.key, isDescending: order.isDescending, isWide, hasNodes, hasBars: true };
  // Widths from all rows, so that columns do not move while a person scrolls.
  const lines = formatRows(rows, { ...table, width: width - MARK_WIDTH });
  const heading: ScreenLine = { text: `  ${lines[0]!.text}`, colour: 'bold' };
  const body = shown.map((row, i): ScreenLine => {
    const isSelected = from + i === at;
    return {
      text: `${isSelected ? '> ' : '  '}${lines[from + i + 1]!.text}`,
      colour: colourOf(row),
      isSelected,
    };
  });
  const rest = rows.length > place ? `  ${from + 1}-${from + shown.length} of ${rows.length}` : '';
  return [{ text: '' }, heading, ...body, { text: rest }];
}

/** Whether they come from a Prometheus. */
function hasSeveralNodes(snapshot: Snapshot | undefined): boolean {
  return typeof snapshot?.node.nodes === 'number';
}

function colourOf({ status: { isHealthy, state } }: SandboxRow): Colour | undefined {
  return isHealthy ? (state === 'running' ? undefined : 'yellow') : 'red';
}

const LEVELS = ' ▁▂▃▄▅▆▇█';

/** A line of blocks, `limit` is the highest one. */
function drawHistory(values: readonly (number | undefined)[], limit: number): string {
  return values
    .map((value) => (value === undefined ? ' ' : LEVELS[Math.round(shareOf(value, limit) * (LEVELS.length - 1))]))
    .join('');
}

function renderDetail({ selectedId, scroll }: TopState, facts: ScreenFacts): ScreenLine[] {
  const { snapshot, rows, detail, detailRates = new Map(), history, width, height } = facts;
  const row = rows.find(({ status }) => status.id === selectedId);
  if (row === undefined) {
    const isKnown = snapshot?.sandboxes.some(({ id }) => id === selectedId) === true;
    return [
      { text: '' },
      { text: isKnown ? 'The filter hides this sandbox.' : 'This sandbox has ended.', colour: 'yellow' },
    ];
  }
  const lines = [
    ...describeState(row, width),
    ...(detail === undefined ? [] : describeIncidents(detail)).map((text) => ({ text, colour: 'red' as const })),
    { text: '' },
    ...columnsOf({ hasNodes: hasSeveralNodes(snapshot), isWide: true })
      .filter(({ key }) => key !== 'pod' && key !== 'state')
      .map((column) => ({ text: `${column.title.padEnd(10)} ${column.text(row)}` })),
    { text: `${'HISTORY'.padEnd(10)} ${drawHistory(history, row.status.cpu.cores ?? 1)}` },
    ...describeWaiting(detailRates),
    ...(detail === undefined ? [] : describeContainers(detail)),
    { text: '' },
    ...(detail === undefined ? [{ text: 'Reading the metrics ...' }] : describeFamilies(detail)),
  ];
  const last = Math.max(0, lines.length - Math.max(1, height - 2));
  return lines.slice(Math.min(scroll, last));
}

function describeState({ status, nowSeconds }: SandboxRow, width: number): ScreenLine[] {
  const { stateSinceSeconds: sinceSeconds } = status;
  const since = sinceSeconds === null ? '' : `, for ${formatAge(Math.max(0, nowSeconds - sinceSeconds))}`;
  const runbook = runbookOf(status);
  const colour = status.isHealthy ? (status.state === 'running' ? 'green' : 'yellow') : 'red';
  return [
    { text: sandboxName(status), colour: 'bold' },
    { text: `${status.state}${since}`, colour },
    ...(status.message === null ? [] : wrap(toPrintableLine(`The monitor reports: ${status.message}`), width)),
    ...status.reasons.flatMap((reason) =>
      wrap(toPrintableLine(`${reason}: ${describeReason(reason) ?? 'a reason of another version'}`), width),
    ),
    ...(runbook === undefined ? [] : [{ text: `What to do: docs/runbooks/${runbook}` }]),
  ];
}

const waits = [
  ['PRESSURE', { CPU: 'guestWaitsForCpu', memory: 'guestWaitsForMemory', 'I/O': 'guestWaitsForIo' }],
  ['HOST WAITS', { vCPUs: 'vcpusWait', CPU: 'hostWaitsForCpu', memory: 'hostWaitsForMemory', 'I/O': 'hostWaitsForIo' }],
] as const satisfies readonly (readonly [string, Readonly<Record<string, DetailField>>])[];

/** `PRESSURE   CPU 3.1 %, memory 0.0 %`: parts of the time in which tasks waited. No line without values. */
function describeWaiting(rates: ReadonlyMap<DetailField, number>): ScreenLine[] {
  return waits.flatMap(([title, fields]) => {
    const texts = Object.entries(fields).flatMap(([label, field]) =>
      rates.has(field) ? [`${label} ${formatPercent(rates.get(field))}`] : [],
    );
    return texts.length === 0 ? [] : [{ text: `${title.padEnd(10)} ${texts.join(', ')}` }];
  });
}

/** Breaks a text at blanks into lines of at most `width` characters. */
function wrap(text: string, width: number): ScreenLine[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length + 1 > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].map((each) => ({ text: each }));
}

function describeContainers({ containers }: SandboxDetail): ScreenLine[] {
  return containers.map(({ name, memoryBytes, cpuSecondsTotal }) => ({
    text: `${'CONTAINER'.padEnd(10)} ${name}: ${formatBytes(memoryBytes)}, ${formatCores(cpuSecondsTotal)} s of CPU time`,
  }));
}

function describeFamilies({ families }: SandboxDetail): ScreenLine[] {
  return families.flatMap(({ name, type, help, samples }) => [
    { text: `${name} (${type}): ${help ?? 'no help'}`, colour: 'bold' as const },
    ...samples.map((sample) => {
      const labels = Object.entries(sample.labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
      const shownLabels = labels.length === 0 ? '' : `{${labels.join(',')}}`;
      return { text: `  ${sample.name}${shownLabels} ${sample.value}` };
    }),
  ]);
}

const helpLines: readonly ScreenLine[] = [
  '',
  'Down, Up, j, k       next and previous sandbox',
  'PageDown, PageUp     a screen down and up',
  'Home, g, End, G      first and last sandbox',
  'Enter                details of the sandbox; Esc goes back',
  '<, >                 sort by the column to the left or right',
  'r                    reverse the order',
  '/                    filter by words of pod, id, state and reason',
  'n                    next namespace, then all again',
  'u                    only unhealthy sandboxes, on and off',
  'Esc                  clear all filters',
  'q, Ctrl-C            quit',
  '',
  ...columnsOf({ hasNodes: true, isWide: false }).map(({ title, about }) => `${title.padEnd(10)} ${about}`),
].map((text) => ({ text }));
