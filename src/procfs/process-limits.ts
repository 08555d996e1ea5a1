/**
 * /proc/<pid>/limits. See proc_pid_limits(5).
 */
import { type Pid, type Procfs, readText } from './procfs.ts';

/** Soft limits as digits, undefined when unlimited. */
export interface ProcessLimits {
  readonly maxOpenFiles: string | undefined;
  readonly maxAddressSpaceBytes: string | undefined;
}

export async function readProcessLimits(fs: Procfs, pid: Pid): Promise<ProcessLimits | undefined> {
  const text = readText(fs, `${pid}/limits`);
  return text === undefined ? undefined : parseProcessLimits(text);
}

export function parseProcessLimits(text: string): ProcessLimits {
  return {
    maxOpenFiles: /^Max open files +(\d+)/m.exec(text)?.[1],
    maxAddressSpaceBytes: /^Max address space +(\d+)/m.exec(text)?.[1],
  };
}
