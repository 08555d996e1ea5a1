/**
 * The Node.js runtime of a program, under its prefix: `kata_shim_nodejs_*` and `kata_monitor_nodejs_*`. Called at each
 * scrape; statistics of garbage collections come from the runtime observer.
 */
import { performance } from 'node:perf_hooks';
import { type CatalogFamily, family, singleFamily } from './family.ts';
import { type HeapReading, readHeap } from './heap-reading.ts';
import type { OwnPrefix } from './own-process.ts';
import type { RuntimeObserver } from './runtime-observer.ts';

export interface NodeRuntimeContext {
  readonly prefix: OwnPrefix;
  readonly runtime: RuntimeObserver;
  /** Reading of this scrape. Default: the collector reads it. */
  readonly heap?: HeapReading;
}

export function collectNodeRuntime({
  prefix,
  runtime,
  heap: reading = readHeap(),
}: NodeRuntimeContext): CatalogFamily[] {
  const { heap, spaces } = reading;
  const collections = [...runtime.totals()].sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    family(`${prefix}nodejs_active_resources`, countResources(process.getActiveResourcesInfo())),
    singleFamily(`${prefix}nodejs_eventloop_utilization_ratio`, performance.eventLoopUtilization().utilization),
    singleFamily(`${prefix}nodejs_external_memory_bytes`, heap.external_memory),
    family(
      `${prefix}nodejs_gc_duration_seconds_total`,
      collections.map(([kind, { seconds }]) => ({ labels: { kind }, value: seconds })),
    ),
    family(
      `${prefix}nodejs_gc_runs_total`,
      collections.map(([kind, { runs }]) => ({ labels: { kind }, value: runs })),
    ),
    family(
      `${prefix}nodejs_heap_space_used_bytes`,
      spaces.map((space) => ({
        labels: { space: space.space_name.replace(/_space$/, '') },
        value: space.space_used_size,
      })),
    ),
    singleFamily(`${prefix}nodejs_heap_total_bytes`, heap.total_heap_size),
    family(`${prefix}nodejs_version_info`, [{ labels: { version: process.version }, value: 1 }]),
  ];
}

function countResources(types: readonly string[]): { labels: { type: string }; value: number }[] {
  const counts = new Map<string, number>();
  for (const type of types) {
    counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([type, value]) => ({ labels: { type }, value }));
}
