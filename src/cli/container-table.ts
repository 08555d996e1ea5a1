/**
 * CPU and memory usage of containers as rows, for people and programs. Pure.
 */
import type { ContainerUsage } from '../cri/index.ts';
import { toCsvCell } from './csv.ts';
import { formatAge, formatBytes, formatTable } from './table.ts';

/** Usage of one container. Undefined values are unknown to the container manager. */
export interface ContainerRow {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly id: string;
  readonly cpuSeconds: number | undefined;
  /** Percent of one CPU since the previous read; undefined in the first one. */
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

/** `before`: the statistics of the previous read. */
export function toContainerRow(
  { pod, container, stats }: ContainerUsage,
  before: ContainerUsage['stats'] | undefined,
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

/** The columns for people; `cpuPercent` only if a row has one. */
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

/** RFC 4180, but with a line feed at the end of each line; unknown values are empty. */
export function formatCsv(rows: readonly ContainerRow[]): string {
  return rows.map((row) => `${csvColumns.map((column) => toCsvCell(row[column])).join(',')}\n`).join('');
}

/** Unknown values are null. */
export function toJson(rows: readonly ContainerRow[]): unknown {
  return rows.map((row) => Object.fromEntries(csvColumns.map((column) => [column, row[column] ?? null])));
}

/** Undefined if the counter decreased, or no time has passed. */
function percentOf(before: ContainerUsage['stats'], now: ContainerUsage['stats']): number | undefined {
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
