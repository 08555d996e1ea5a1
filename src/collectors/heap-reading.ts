/**
 * The statistics of V8's heap: read once per scrape, for all collectors of the runtime.
 */
import { getHeapSpaceStatistics, getHeapStatistics, type HeapInfo, type HeapSpaceInfo } from 'node:v8';

export interface HeapReading {
  readonly heap: HeapInfo;
  readonly spaces: readonly HeapSpaceInfo[];
}

/** Reads the statistics; sizes are in bytes. */
export function readHeap(): HeapReading {
  return { heap: getHeapStatistics(), spaces: getHeapSpaceStatistics() };
}
