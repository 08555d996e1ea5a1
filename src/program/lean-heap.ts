/**
 * Keeps the heap of a program near what it needs. V8 lets the space for new objects grow to 32 MiB and its halves, and the
 * rest to a multiple of what is alive: sound for a busy server, but these programs sleep between scrapes, and stand on
 * every node, or in it once for each sandbox. docs/performance.md has what it saves and what it costs.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** To be called before the program's modules are loaded: a space that has grown stays. */
export function keepHeapLean(): void {
  // Set at run time and not on a command line, so that it holds however the program is started.
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=60');
}

/** Makes V8's collector `globalThis.gc`, for collect-growth.ts. The flag alone has an effect on later contexts only. */
export function exposeCollector(): void {
  setFlagsFromString('--expose-gc');
  globalThis.gc ??= runInNewContext('gc') as NonNullable<typeof globalThis.gc>;
}

/**
 * Of V8's two optimizing compilers, Maglev alone, and for the hottest functions. Turbofan takes 6 MiB of memory that stays with the
 * process and 6 more of Node.js's file, for work that takes a few milliseconds every 15 seconds.
 */
const held = ['--no-turbofan', '--invocation-count-for-maglev=5000', '--optimize-for-size'];
/** V8's defaults. */
const released = ['--turbofan', '--invocation-count-for-maglev=400', '--no-optimize-for-size'];

let isHeld = false;

/** Until `allowOptimization`, compiles little. Without Maglev, as in Node.js 22, functions stay with the baseline compiler. */
export function holdOptimization(): void {
  for (const flag of held) {
    setFlagsFromString(flag);
  }
  isHeld = true;
}

/** Whether this process is one that few bytes pass through, so far. */
export function isOptimizationHeld(): boolean {
  return isHeld;
}

/**
 * Without effect unless optimization is held. It is for good: the memory would not come back. Functions that have run before are
 * optimized later than others, because V8 has set the number of their calls.
 */
export function allowOptimization(): void {
  if (isHeld) {
    for (const flag of released) {
      setFlagsFromString(flag);
    }
    isHeld = false;
  }
}
