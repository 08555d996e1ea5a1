/**
 * Events as lines for people, like those of `kubectl get events`. Pure.
 */
import type { SandboxEvent } from '../../api/index.ts';
import { toPrintableLine } from '../../program/index.ts';

interface Column {
  readonly title: string;
  /** A longer cell moves the rest of its line. The last column has none. */
  readonly width?: number;
  readonly isWide?: true;
  readonly cell: (event: SandboxEvent) => string;
}

const SHORT_ID_LENGTH = 12;

const columns: readonly Column[] = [
  { title: 'TIME', width: 20, cell: ({ timeSeconds }) => toTime(timeSeconds) },
  { title: 'ID', width: 16, isWide: true, cell: ({ id }) => id },
  { title: 'KIND', width: 12, cell: ({ kind }) => kind },
  { title: 'STATE', width: 12, isWide: true, cell: ({ state }) => state ?? '-' },
  { title: 'SANDBOX', width: SHORT_ID_LENGTH, cell: ({ sandbox }) => sandbox?.slice(0, SHORT_ID_LENGTH) ?? '-' },
  { title: 'POD', width: 30, cell: ({ namespace, pod }) => (pod === null ? '-' : `${namespace}/${pod}`) },
  { title: 'RESTARTS', width: 8, isWide: true, cell: ({ restarts }) => String(restarts) },
  { title: 'REASON', width: 12, cell: ({ reason }) => reason ?? '-' },
  { title: 'MESSAGE', cell: describe },
];

/** Returns the heading, without a line feed. */
export function formatEventHeader(isWide: boolean): string {
  return formatRow(isWide, ({ title }) => title);
}

/** Returns one line for an event, without a line feed. */
export function formatEvent(event: SandboxEvent, isWide: boolean): string {
  return formatRow(isWide, ({ cell }) => toPrintableLine(cell(event)));
}

function formatRow(isWide: boolean, toCell: (column: Column) => string): string {
  return columns
    .filter((column) => isWide || column.isWide !== true)
    .map((column) => toCell(column).padEnd(column.width ?? 0))
    .join(' ')
    .trimEnd();
}

/** Within a second, in UTC. */
function toTime(seconds: number): string {
  const time = new Date(seconds * 1000);
  return Number.isNaN(time.getTime()) ? '-' : `${time.toISOString().slice(0, -'.000Z'.length)}Z`;
}

function describe({ message, count, suppressed, totals }: SandboxEvent): string {
  const parts = [
    ...(message === null ? [] : [message]),
    ...(count === null ? [] : [`count ${count}`]),
    ...(totals === null
      ? []
      : Object.entries(totals).flatMap(([name, value]) =>
          typeof value === 'number' ? `${toWords(name)} ${value}` : [],
        )),
    ...(suppressed === 0 ? [] : [`${suppressed} earlier events suppressed`]),
  ];
  return parts.length === 0 ? '-' : parts.join('; ');
}

/** `guestCpuSeconds` to `guest cpu seconds`. */
function toWords(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
