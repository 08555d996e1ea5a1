/**
 * Collects the garbage of a program that runs once for each sandbox when its heap has grown by a little. By itself, V8 begins a
 * full collection when the heap is 9 MiB larger than after the last one: for these programs, twice what is alive.
 * docs/performance.md has what it saves and what it costs.
 */
import { getHeapStatistics } from 'node:v8';

export interface GrowthOptions {
  /** Of V8's heap. */
  readonly usedBytes?: () => number;
  /** Default: V8's, which there is in processes with `--expose-gc`. Without it, nothing is collected. */
  readonly collect?: (() => void) | undefined;
}

const GROWTH_BYTES = 2 * 1024 * 1024;
/** For the response to leave first. */
const DELAY_MS = 50;

/** Returns a function to be called after each scrape. Does not keep the process alive. */
export function makeGrowthCollector({
  usedBytes = () => getHeapStatistics().used_heap_size,
  collect = globalThis.gc,
}: GrowthOptions = {}): () => void {
  let bytesAfterLast = usedBytes();
  let isScheduled = false;
  return () => {
    if (collect === undefined || isScheduled || usedBytes() < bytesAfterLast + GROWTH_BYTES) {
      return;
    }
    isScheduled = true;
    setTimeout(() => {
      collect();
      bytesAfterLast = usedBytes();
      isScheduled = false;
    }, DELAY_MS).unref();
  };
}
