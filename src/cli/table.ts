/**
 * Columns of text, for terminals and for files. Pure.
 */

import { toPrintableLine } from '../program/index.ts';

export { formatAge, formatBytes } from '../view/index.ts';

/** Rows below a header, each column as wide as its longest cell. `right`: columns to align to the right, for numbers. */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  right: ReadonlySet<number>,
): string {
  // Cells have names of containers, pods and files, which may contain control characters.
  const printable = rows.map((row) => row.map(toPrintableLine));
  const widths = header.map((title, i) => widest([title, ...printable.map((row) => row[i] ?? '')]));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (right.has(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd();
  return [header, ...printable].map((cells) => `${line(cells)}\n`).join('');
}

/** Length of the longest cell. Not by `Math.max`: there may be more cells than a call may have arguments. */
export function widest(cells: readonly string[]): number {
  return cells.reduce((width, { length }) => Math.max(width, length), 0);
}
