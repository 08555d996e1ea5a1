/**
 * Figures of containers as rows for people and programs. Pure.
 */
import type { ContainerFigures } from '../cri/index.ts';
import { formatAge, formatBytes, formatTable } from './table.ts';

/** Of one container; absent is what the container manager does not know. */
export interface ContainerRow {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly id: string;
  readonly cpuSeconds: number | undefined;
  /** Of one CPU, since the last time it was read; undefined at the first. */
  readonly cpuPercent: number | undefined;
  readonly workingSetBytes: number | undefined;
  readonly usageBytes: number | undefined;
  readonly rssBytes: number | undefined;
  readonly pageFaults: number | undefined;
  readonly majorPageFaults: number | undefined;
  readonly filesystemBytes: number | undefined;
  readonly filesystemInodes: number | undefined;
  readonly ageSeconds: number | undefined;
}

const NS_PER_SECOND = 1e9;

/** `before`: the figures of the last time, by container id. */
export function toContainerRow(
  { pod, container, stats }: ContainerFigures,
  before: ContainerFigures['stats'] | undefined,
  nowMs: number,
): ContainerRow {
  const { createdNs } = container;
  return {
    namespace: pod.namespace,
    pod: pod.name,
    container: container.name,
    id: container.id,
    cpuSeconds: stats.cpuUsageNs === undefined ? undefined : Number(stats.cpuUsageNs) / NS_PER_SECOND,
    cpuPercent: before && percentOf(before, stats),
    workingSetBytes: toNumber(stats.workingSetBytes),
    usageBytes: toNumber(stats.memoryUsageBytes),
    rssBytes: toNumber(stats.rssBytes),
    pageFaults: toNumber(stats.pageFaults),
    majorPageFaults: toNumber(stats.majorPageFaults),
    filesystemBytes: toNumber(stats.filesystemUsedBytes),
    filesystemInodes: toNumber(stats.filesystemInodesUsed),
    ageSeconds: createdNs === undefined ? undefined : nowMs / 1000 - Number(createdNs) / NS_PER_SECOND,
  };
}

/** Columns that people look at; `cpuPercent` only where there is one. */
export function formatContainerTable(rows: readonly ContainerRow[]): string {
  const hasPercent = rows.some(({ cpuPercent }) => cpuPercent !== undefined);
  const header = ['NAMESPACE', 'POD', 'CONTAINER', ...(hasPercent ? ['CPU%'] : []), 'CPU TIME'];
  const memory = ['WORKING SET', 'USAGE', 'RSS', 'DISK', 'AGE'];
  const cells = rows.map((row) => [
    row.namespace,
    row.pod,
    row.container,
    ...(hasPercent ? [row.cpuPercent === undefined ? '-' : row.cpuPercent.toFixed(1)] : []),
    row.cpuSeconds === undefined ? '-' : `${row.cpuSeconds.toFixed(2)}s`,
    formatBytes(row.workingSetBytes),
    formatBytes(row.usageBytes),
    formatBytes(row.rssBytes),
    formatBytes(row.filesystemBytes),
    formatAge(row.ageSeconds),
  ]);
  const columns = [...header, ...memory];
  return formatTable(columns, cells, new Set([...columns.keys()].filter((column) => column > 2)));
}

const csvColumns = [
  'namespace',
  'pod',
  'container',
  'id',
  'cpuSeconds',
  'cpuPercent',
  'workingSetBytes',
  'usageBytes',
  'rssBytes',
  'pageFaults',
  'majorPageFaults',
  'filesystemBytes',
  'filesystemInodes',
  'ageSeconds',
] as const satisfies readonly (keyof ContainerRow)[];

export const csvHeader = `${csvColumns.join(',')}\n`;

/** As RFC 4180 has it, lines ended by a line feed; what is not known is empty. */
export function formatCsv(rows: readonly ContainerRow[]): string {
  return rows.map((row) => `${csvColumns.map((column) => toCsvCell(row[column])).join(',')}\n`).join('');
}

/** What is not known is null. */
export function toJson(rows: readonly ContainerRow[]): unknown {
  return rows.map((row) => Object.fromEntries(csvColumns.map((column) => [column, row[column] ?? null])));
}

function toCsvCell(value: string | number | undefined): string {
  const text = String(value ?? '');
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Undefined when the counter went back, or no time has passed. */
function percentOf(before: ContainerFigures['stats'], now: ContainerFigures['stats']): number | undefined {
  if (
    before.cpuUsageNs === undefined ||
    now.cpuUsageNs === undefined ||
    before.readNs === undefined ||
    now.readNs === undefined ||
    now.readNs <= before.readNs ||
    now.cpuUsageNs < before.cpuUsageNs
  ) {
    return undefined;
  }
  return (100 * Number(now.cpuUsageNs - before.cpuUsageNs)) / Number(now.readNs - before.readNs);
}

function toNumber(value: bigint | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}
