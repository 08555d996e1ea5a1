/**
 * The table of `top` as lines of a given width. Pure.
 */
import { toPrintableLine } from '../../program/index.ts';
import { type ColumnKey, columnsOf, type SandboxRow } from '../../view/index.ts';
import { widest } from '../table.ts';

export interface TableLine {
  readonly text: string;
  /** Undefined for the heading. */
  readonly row: SandboxRow | undefined;
}

export interface TableOptions {
  readonly width: number;
  /** All columns, whatever the width is. */
  readonly isWide: boolean;
  readonly sort: ColumnKey;
  readonly isDescending: boolean;
  /** Whether the sandboxes are those of several nodes, so that their node is shown. */
  readonly hasNodes?: boolean;
  /** Whether there is place for bars. */
  readonly hasBars: boolean;
}

/** The columns that matter most come first: the others are left out where they do not fit. */
const priorities: readonly ColumnKey[] = [
  'pod',
  'state',
  'node',
  'cpu',
  'memory',
  'since',
  'host',
  'agent',
  'network',
  'age',
  'overhead',
  'disk',
  'load',
  'hostcpu',
  'samples',
  'where',
  'id',
];
/** A longer name is cut where there is little place. */
const MIN_NAME_WIDTH = 20;
/** Namespace and name of a pod have at most 317 characters: a longer cell would widen each row of the table. */
const MAX_CELL_WIDTH = 320;
const GAP = '  ';
const BAR_WIDTH = 10;
/** From this width on, values with a limit have a bar. */
const MIN_WIDTH_FOR_BARS = 110;

export function formatRows(rows: readonly SandboxRow[], options: TableOptions): TableLine[] {
  const { width, isWide, sort, isDescending, hasNodes = false } = options;
  const hasBars = options.hasBars && width >= MIN_WIDTH_FOR_BARS;
  const all = columnsOf({ hasNodes, isWide }).map((column) => {
    const mark = column.key === sort ? (isDescending ? '▼' : '▲') : '';
    const title = `${column.title}${mark}`;
    const cells = rows.map((row) => (hasBars ? barOf(column.key, row) : '') + toPrintableLine(column.text(row)));
    return { ...column, title, cells, width: Math.min(widest([title, ...cells]), MAX_CELL_WIDTH) };
  });
  const kept = isWide ? all : keepFitting(all, width);
  const lines = [undefined, ...rows].map((row, line): TableLine => {
    const cells = kept.map(({ title, cells: ofColumn, isNumber, width: columnWidth }) => {
      const cell = line === 0 ? title : ofColumn[line - 1]!;
      const cut = cell.length > columnWidth ? `${cell.slice(0, columnWidth - 1)}…` : cell;
      return isNumber ? cut.padStart(columnWidth) : cut.padEnd(columnWidth);
    });
    return { row, text: cells.join(GAP).trimEnd() };
  });
  return lines;
}

interface Sized {
  readonly key: ColumnKey;
  readonly width: number;
}

/** The columns that fit, in their own order; the name is cut before a column is left out. */
function keepFitting<T extends Sized>(all: readonly T[], width: number): T[] {
  const byPriority = priorities.flatMap((key) => all.find((column) => column.key === key) ?? []);
  const name = byPriority[0];
  const kept = new Set<T>();
  let used = 0;
  for (const column of byPriority) {
    const needed =
      (column === name ? Math.min(column.width, MIN_NAME_WIDTH) : column.width) + (kept.size > 0 ? GAP.length : 0);
    if (used + needed > width && kept.size > 1) {
      break;
    }
    kept.add(column);
    used += needed;
  }
  const spare = Math.max(0, width - used);
  return all
    .filter((column) => kept.has(column))
    .map((column) =>
      column === name
        ? { ...column, width: Math.min(column.width, Math.min(column.width, MIN_NAME_WIDTH) + spare) }
        : column,
    );
}

/** The part of the limit that is in use, from 0 to 1: a server may report any two numbers. */
export function shareOf(used: number, limit: number): number {
  return used > 0 && limit > 0 ? Math.min(1, used / limit) : 0;
}

/** `[|||       ] `: the part of the limit that is in use. */
function barOf(key: ColumnKey, { status, rates }: SandboxRow): string {
  const [used, limit] =
    key === 'memory'
      ? [status.memory.workingSetBytes, status.memory.totalBytes]
      : key === 'cpu'
        ? [rates.cpuCores, status.cpu.cores]
        : [];
  if (used === undefined || limit === undefined) {
    return key === 'cpu' || key === 'memory' ? ' '.repeat(BAR_WIDTH + 3) : '';
  }
  const share = shareOf(used ?? 0, limit ?? 0);
  return `[${'|'.repeat(Math.round(share * BAR_WIDTH)).padEnd(BAR_WIDTH)}] `;
}
