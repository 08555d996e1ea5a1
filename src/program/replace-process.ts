/**
 * Replaces this process by one that runs the same program, for what is read only when a process starts: flags of V8, and variables of
 * the C library.
 */

export interface Replacement {
  /** Flags of Node.js, added to those of this process. */
  readonly flags?: readonly string[];
  /** Added to the environment of this process. */
  readonly variables?: Readonly<Record<string, string>>;
}

/**
 * Does not return: program, arguments, pid and standard streams stay; Node.js closes all other descriptors. Returns where Node.js has
 * no execve(2).
 */
export function replaceProcess({ flags = [], variables = {} }: Replacement): void {
  const { argv, env, execArgv, execPath, execve } = process;
  execve?.call(process, execPath, [execPath, ...execArgv, ...flags, ...argv.slice(1)], { ...env, ...variables });
}
