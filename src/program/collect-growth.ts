/**
 * Collects the garbage of a small program when its heap has grown by a little. By itself, V8 begins a full collection when the heap
 * of a shim is 9 MiB larger than after the last one, twice what is alive, and that of a monitor of few sandboxes 5 MiB.
 * docs/performance.md has what it saves and what it costs.
 */
import { getHeapStatistics } from 'node:v8';

export interface GrowthOptions {
  /** Growth of the heap since the last collection, in bytes, that starts another one. Default: 2 MiB. */
  readonly growthBytes?: number;
  /** Whether garbage is to be collected now. Default: always. */
  readonly isWanted?: () => boolean;
  /** Returns the used bytes of the heap. Default: V8's own number. */
  readonly usedBytes?: () => number;
  /** Default: V8's, which there is in processes with `--expose-gc`. Without it, nothing is collected. */
  readonly collect?: (() => void) | undefined;
}

const DEFAULT_GROWTH_BYTES = 2 * 1024 * 1024;
/** Time for the response to be sent first. */
const DELAY_MS = 10;

/** Returns a function to be called after each scrape. Does not keep the process alive. */
export function makeGrowthCollector({
  growthBytes = DEFAULT_GROWTH_BYTES,
  isWanted = () => true,
  usedBytes = () => getHeapStatistics().used_heap_size,
  collect = globalThis.gc,
}: GrowthOptions = {}): () => void {
  let bytesAfterLast = usedBytes();
  let isScheduled = false;
  return () => {
    if (collect === undefined || isScheduled || !isWanted() || usedBytes() < bytesAfterLast + growthBytes) {
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
