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
