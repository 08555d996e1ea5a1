/**
 * The `go_*` families that existing dashboards query, each with the closest value of Node.js, as described in the
 * catalog. Called at each scrape of a program that has them.
 */
import type { HeapInfo } from 'node:v8';
import { type Procfs, readProcessStat, readProcessStatus } from '../procfs/index.ts';
import { type CatalogFamily, type CatalogSample, family, singleFamily } from './family.ts';
import { type HeapReading, readHeap } from './heap-reading.ts';
import { singleFamilies } from './optional-samples.ts';
import type { OwnPrefix } from './own-process.ts';
import { findStatusKib } from './process-status-items.ts';
import type { RuntimeObserver } from './runtime-observer.ts';

export interface GoRuntimeContext {
  readonly procfs: Procfs;
  readonly prefix: OwnPrefix;
  readonly pageSizeBytes: number | undefined;
  readonly runtime: RuntimeObserver;
  /** Reading of this scrape. Default: the collector reads it. */
  readonly heap?: HeapReading;
}

/** sizeof of a node in V8's table of global handles on 64-bit machines. */
const GLOBAL_HANDLE_BYTES = 32;

/** Returns the families, with the prefix of the context. */
export function collectGoRuntime(context: GoRuntimeContext): CatalogFamily[] {
  return [...collectGc(context), ...collectMemory(context), ...collectProcess(context)];
}

function collectGc({ prefix, runtime }: GoRuntimeContext): CatalogFamily[] {
  const totals = [...runtime.totals().values()];
  const runs = totals.reduce((sum, kind) => sum + kind.runs, 0);
  const seconds = totals.reduce((sum, kind) => sum + kind.seconds, 0);
  return [
    family(`${prefix}go_gc_duration_seconds`, [
      ...quantiles(runtime.recentPauses()),
      { suffix: '_sum', labels: {}, value: seconds },
      { suffix: '_count', labels: {}, value: runs },
    ]),
    singleFamily(`${prefix}go_gc_gogc_percent`, 0),
    singleFamily(`${prefix}go_memstats_frees_total`, runs),
    singleFamily(`${prefix}go_memstats_mallocs_total`, runs),
    singleFamily(`${prefix}go_memstats_lookups_total`, 0),
    singleFamily(`${prefix}go_memstats_gc_cpu_fraction`, seconds / process.uptime()),
    singleFamily(`${prefix}go_memstats_last_gc_time_seconds`, runtime.lastEndSeconds() ?? 0),
  ];
}

/** Five quantiles by the nearest rank; none before the first collection. */
function quantiles(pauses: Float64Array): CatalogSample<'kata_shim_go_gc_duration_seconds'>[] {
  return [0, 0.25, 0.5, 0.75, 1].flatMap((quantile) => {
    const value = pauses[Math.round(quantile * (pauses.length - 1))];
    return value === undefined ? [] : [{ labels: { quantile: String(quantile) }, value }];
  });
}

function collectMemory({ prefix, runtime, heap: reading = readHeap() }: GoRuntimeContext): CatalogFamily[] {
  const heap: HeapInfo & { readonly total_allocated_bytes?: number } = reading.heap;
  const newSpace = reading.spaces.find((space) => space.space_name === 'new_space');
  const oldSpace = reading.spaces.find((space) => space.space_name === 'old_space');
  const objects = Math.round(heap.used_global_handles_size / GLOBAL_HANDLE_BYTES);
  return [
    singleFamily(`${prefix}go_gc_gomemlimit_bytes`, heap.heap_size_limit),
    singleFamily(`${prefix}go_memstats_alloc_bytes`, heap.used_heap_size),
    singleFamily(`${prefix}go_memstats_alloc_bytes_total`, heap.total_allocated_bytes ?? runtime.filledBytes()),
    singleFamily(`${prefix}go_memstats_buck_hash_sys_bytes`, 0),
    singleFamily(`${prefix}go_memstats_gc_sys_bytes`, heap.malloced_memory),
    singleFamily(`${prefix}go_memstats_heap_alloc_bytes`, heap.used_heap_size),
    singleFamily(`${prefix}go_memstats_heap_idle_bytes`, heap.total_heap_size - heap.used_heap_size),
    singleFamily(`${prefix}go_memstats_heap_inuse_bytes`, heap.total_physical_size),
    singleFamily(`${prefix}go_memstats_heap_objects`, objects),
    singleFamily(
      `${prefix}go_memstats_heap_released_bytes`,
      Math.max(0, heap.total_heap_size - heap.total_physical_size),
    ),
    singleFamily(`${prefix}go_memstats_heap_sys_bytes`, heap.total_heap_size),
    singleFamily(`${prefix}go_memstats_mcache_inuse_bytes`, newSpace?.space_used_size ?? 0),
    singleFamily(`${prefix}go_memstats_mcache_sys_bytes`, newSpace?.space_size ?? 0),
    singleFamily(`${prefix}go_memstats_mspan_inuse_bytes`, oldSpace?.space_used_size ?? 0),
    singleFamily(`${prefix}go_memstats_mspan_sys_bytes`, oldSpace?.space_size ?? 0),
    singleFamily(`${prefix}go_memstats_next_gc_bytes`, heap.heap_size_limit),
    singleFamily(`${prefix}go_memstats_other_sys_bytes`, heap.external_memory),
  ];
}

function collectProcess({ procfs, prefix, pageSizeBytes }: GoRuntimeContext): CatalogFamily[] {
  const stat = readProcessStat(procfs, 'self');
  const status = readProcessStatus(procfs, 'self');
  const stackKib = status && findStatusKib(status, 'VmStk');
  const stackBytes = stackKib === undefined ? undefined : Number(stackKib) * 1024;
  const families = [
    singleFamily(`${prefix}go_goroutines`, process.getActiveResourcesInfo().length),
    singleFamily(`${prefix}go_sched_gomaxprocs_threads`, 1),
    family(`${prefix}go_info`, [{ labels: { version: process.version }, value: 1 }]),
  ];
  if (stackBytes !== undefined) {
    families.push(
      singleFamily(`${prefix}go_memstats_stack_inuse_bytes`, stackBytes),
      singleFamily(`${prefix}go_memstats_stack_sys_bytes`, stackBytes),
    );
  }
  if (stat !== undefined) {
    families.push(...singleFamilies(`${prefix}go_threads`, stat.numThreads));
    if (pageSizeBytes !== undefined && stat.rssPages !== undefined) {
      families.push(singleFamily(`${prefix}go_memstats_sys_bytes`, Number(stat.rssPages) * pageSizeBytes));
    }
  }
  return families;
}
