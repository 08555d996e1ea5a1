/**
 * What a soak has seen so far: filled by the run, read by who prints or judges it.
 */
import type { SlowScrape } from './clients.ts';
import type { MemoryInUse } from './heap-probe.ts';
import type { Point } from './trend.ts';

/** What the program holds between scrapes. */
export interface QuietLook extends MemoryInUse {
  readonly residentMiB: number;
  readonly descriptors: number;
  readonly sockets: number;
}

/** Breaches that are kept in words; all are counted. */
const MAX_BREACHES = 50;

export class SoakRecord {
  /** Of the client that reads fast, in their order. */
  readonly scrapeMs: number[] = [];
  /** Of the largest response, not compressed. */
  answerBytes = 0;
  /** Scrapes of the client that reads at a trickle, by how they ended. */
  readonly slowScrapes: Record<SlowScrape['kind'], number> = { cut_off: 0, complete: 0, still_open: 0 };
  /** Responses that were held to the strict reader as well. */
  strictlyRead = 0;
  /** The first ones, each a sentence. */
  readonly breaches: string[] = [];
  breachCount = 0;
  /** Sandboxes that were looked at, over all responses, and those of them that were slow and should not have been. */
  checkedCount = 0;
  slowCount = 0;
  sandboxesMade = 0;
  /** MiB by seconds since the start. */
  readonly resident: Point[] = [];
  peakMiB = 0;
  cpuMs = 0;

  breach(text: string): void {
    this.breachCount++;
    if (this.breaches.length < MAX_BREACHES) {
      this.breaches.push(text);
    }
  }
}
