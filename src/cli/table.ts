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
  const widths = header.map((title, i) => Math.max(title.length, ...printable.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (right.has(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd();
  return [header, ...printable].map((cells) => `${line(cells)}\n`).join('');
}
