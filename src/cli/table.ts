/**
 * Columns of text, for terminals and for files. Pure.
 */

import { toPrintableLine } from '../program/index.ts';

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

/** `45s`, `3m`, `7h`, `12d`: the largest unit that is not 0. */
export function formatAge(seconds: number | undefined): string {
  if (seconds === undefined) {
    return '-';
  }
  const units = [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
  ] as const;
  const unit = units.find(([, size]) => seconds >= size);
  return unit === undefined ? `${Math.floor(seconds)}s` : `${Math.floor(seconds / unit[1])}${unit[0]}`;
}

/** `1.5 MiB`: binary units, as usual for memory. */
export function formatBytes(bytes: number | undefined): string {
  if (bytes === undefined || !Number.isFinite(bytes)) {
    return '-';
  }
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
