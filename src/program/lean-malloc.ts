/**
 * Keeps malloc from holding what is free. glibc reads the variables when a process starts, so a program that was started without
 * them continues with them. docs/performance.md has what they save.
 */

export const leanMallocVariables: Readonly<Record<string, string>> = {
  // One arena for all threads: what each has freed can be used by the others.
  MALLOC_ARENA_MAX: '1',
  // What is larger is returned when it is freed; the compilers of V8 take blocks of up to 32 KiB.
  MALLOC_MMAP_THRESHOLD_: '32768',
  MALLOC_TOP_PAD_: '0',
  MALLOC_TRIM_THRESHOLD_: '32768',
};

/**
 * Replaces this process by one with the variables, and does not return then: the same program with the same arguments, pid and
 * environment. Returns when one of them is set, which is a choice of the user or of a unit; where Node.js has no execve(2);
 * and when systemd has passed sockets, because Node.js closes all but the standard streams.
 */
export function continueWithLeanMalloc(): void {
  const { argv, env, execArgv, execPath, execve } = process;
  const isSet = Object.keys(leanMallocVariables).some((name) => env[name] !== undefined);
  if (isSet || execve === undefined || env['LISTEN_FDS'] !== undefined) {
    return;
  }
  execve.call(process, execPath, [execPath, ...execArgv, ...argv.slice(1)], { ...env, ...leanMallocVariables });
}
