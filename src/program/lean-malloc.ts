/**
 * Keeps malloc from holding what is free. glibc reads the variables when a process starts, so a program that was started without
 * them continues with them. docs/performance.md has what they save.
 */
import { replaceProcess } from './replace-process.ts';

export const leanMallocVariables: Readonly<Record<string, string>> = {
  // One arena for all threads: what each has freed can be used by the others.
  MALLOC_ARENA_MAX: '1',
  // What is larger is returned when it is freed; the compilers of V8 take blocks of up to 32 KiB.
  MALLOC_MMAP_THRESHOLD_: '32768',
  MALLOC_TOP_PAD_: '0',
  MALLOC_TRIM_THRESHOLD_: '32768',
};

/**
 * Replaces this process by one with the variables (`replaceProcess`). Returns when one of them is set, which is a choice of the user
 * or of a unit; and when systemd has passed sockets, which would be closed.
 */
export function continueWithLeanMalloc(): void {
  const { env } = process;
  const isSet = Object.keys(leanMallocVariables).some((name) => env[name] !== undefined);
  if (!isSet && env['LISTEN_FDS'] === undefined) {
    replaceProcess({ variables: leanMallocVariables });
  }
}
