/**
 * Selects and sorts the rows of a table. Pure.
 */
import { type ColumnKey, findColumn } from './columns.ts';
import { type SandboxRow, sandboxName } from './sandbox-rows.ts';

export interface RowFilter {
  /** Words that the name, the id, the node, the state or a reason must contain, in any case. */
  readonly text: string;
  /** The only namespace; undefined for all. */
  readonly namespace?: string | undefined;
  readonly isUnhealthyOnly: boolean;
}

export interface RowOrder {
  readonly key: ColumnKey;
  readonly isDescending: boolean;
}

/** Rows with an unknown value are last in both directions; equal ones are in the order of their names. */
export function selectRows(rows: readonly SandboxRow[], filter: RowFilter, order: RowOrder): SandboxRow[] {
  const words = filter.text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const selected = rows.filter(
    ({ status }) =>
      (!filter.isUnhealthyOnly || !status.isHealthy) &&
      (filter.namespace === undefined || status.namespace === filter.namespace) &&
      (words.length === 0 || hasAll(searchText(status), words)),
  );
  const column = findColumn(order.key);
  const keyed = selected.map((row) => ({ row, key: column?.order(row), name: sandboxName(row.status) }));
  keyed.sort(
    (a, b) =>
      compareKeys(a.key, b.key, order.isDescending) ||
      compare(a.name, b.name) ||
      compare(a.row.status.id, b.row.status.id),
  );
  return keyed.map(({ row }) => row);
}

function searchText({ id, namespace, pod, node, state, reasons }: SandboxRow['status']): string {
  return `${namespace ?? ''}/${pod ?? ''} ${id} ${node ?? ''} ${state} ${reasons.join(' ')}`.toLowerCase();
}

function hasAll(text: string, words: readonly string[]): boolean {
  return words.every((word) => text.includes(word));
}

type Key = number | string | undefined;

function compareKeys(a: Key, b: Key, isDescending: boolean): number {
  if (a === undefined || b === undefined) {
    return (a === undefined ? 1 : 0) - (b === undefined ? 1 : 0);
  }
  return isDescending ? compare(b, a) : compare(a, b);
}

function compare(a: number | string, b: number | string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
