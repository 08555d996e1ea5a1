/**
 * Keeps the heap of a program near what it needs. V8 lets the space for new objects grow to 32 MiB and its halves, and the
 * rest to a multiple of what is alive: sound for a busy server, but these programs sleep between scrapes, and stand on
 * every node, or in it once for each sandbox. docs/performance.md has what it saves and what it costs.
 */
import { setFlagsFromString } from 'node:v8';

/** To be called before the program's modules are loaded: a space that has grown stays. */
export function keepHeapLean(): void {
  // Set at run time and not on a command line, so that it holds however the program is started.
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=60');
}

const optimizers = ['opt', 'maglev'] as const;
let isOptimizing = true;

/**
 * Leaves functions to the interpreter and the baseline compiler until `allowOptimization`. The optimizing compilers take 20 MiB
 * of memory that stays with the process, for work that takes a few milliseconds every 15 seconds.
 */
export function holdOptimization(): void {
  for (const name of optimizers) {
    setFlagsFromString(`--no-${name}`);
  }
  isOptimizing = false;
}

/** Without effect unless optimization is held. It is for good: the memory would not come back. */
export function allowOptimization(): void {
  if (isOptimizing) {
    return;
  }
  for (const name of optimizers) {
    setFlagsFromString(`--${name}`);
  }
  isOptimizing = true;
}
