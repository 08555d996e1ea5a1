/**
 * The response to GET /debug/vars in the format of Go's expvar, which `kata_monitor` forwards: the command line, and memory
 * statistics under the names of Go's runtime.MemStats, each the closest equivalent in Node.js.
 */
import { getHeapStatistics } from 'node:v8';
import type { RuntimeObserver } from '../../collectors/index.ts';

const NS_PER_SECOND = 1e9;

/** JSON. */
export function renderDebugVars(runtime: RuntimeObserver): string {
  const heap = getHeapStatistics();
  const collections = [...runtime.totals().values()];
  const pauses = [...runtime.recentPauses()];
  const memstats = {
    Alloc: heap.used_heap_size,
    TotalAlloc: runtime.filledBytes(),
    Sys: process.memoryUsage.rss(),
    HeapAlloc: heap.used_heap_size,
    HeapSys: heap.total_heap_size,
    HeapIdle: heap.total_heap_size - heap.used_heap_size,
    HeapInuse: heap.total_physical_size,
    OtherSys: heap.external_memory,
    NextGC: heap.heap_size_limit,
    LastGC: Math.round((runtime.lastEndSeconds() ?? 0) * NS_PER_SECOND),
    NumGC: collections.reduce((sum, { runs }) => sum + runs, 0),
    PauseTotalNs: Math.round(collections.reduce((sum, { seconds }) => sum + seconds, 0) * NS_PER_SECOND),
    PauseNs: pauses.map((seconds) => Math.round(seconds * NS_PER_SECOND)),
  };
  return `${JSON.stringify({ cmdline: process.argv, memstats }, undefined, 2)}\n`;
}
