/**
 * V8's flags for the programs that run once for each sandbox. docs/performance.md has what each was measured to be worth. A
 * program that starts one of them passes the flags; one that was started without them continues with them.
 */
import { replaceProcess } from './replace-process.ts';

export const smallProcessFlags: readonly string[] = [
  // No worker compiles or collects: each would have an arena of malloc, and keeps what it needed most.
  '--single-threaded',
  // Maglev alone: the other compiler takes more time and memory than the first thousands of scrapes win back.
  '--no-turbofan',
  '--no-maglev-inlining',
  // Marking in steps takes what is made meanwhile for alive, and with few scrapes that is 2 MiB.
  '--no-incremental-marking',
  // A smaller space for new objects, and a heap that grows by smaller steps.
  '--optimize-for-size',
  '--semi-space-growth-factor=1',
  '--heap-growing-percent=60',
  // collect-growth.ts needs the collector.
  '--expose-gc',
];

/** Flags of the agent, most of whose work is in the kernel. */
export const agentProcessFlags: readonly string[] = [
  ...smallProcessFlags,
  // Compiling a long function takes more memory, which stays with malloc, than its faster code is worth.
  '--max-optimized-bytecode-size=300',
];

/** Replaces this process by one with the flags (`replaceProcess`), because V8 takes these only when it starts. Returns when they are set. */
export function continueAsSmallProcess(flags: readonly string[] = smallProcessFlags): void {
  if (!flags.every((flag) => process.execArgv.includes(flag))) {
    replaceProcess({ flags });
  }
}
