/**
 * /proc/<pid>/cgroup: where a process is in each hierarchy. Read by those who look for, or leave, a cgroup.
 */
import { nonEmptyLines } from './name-value.ts';
import { malformed } from './procfs-error.ts';
import { type Pid, type Procfs, readProcessText } from './read.ts';

export interface ProcessCgroup {
  /** Of cgroup v1: `cpu`, `cpuacct`, `name=systemd`; empty for cgroup v2. */
  readonly controllers: readonly string[];
  /** From the root of the hierarchy, as the reader's namespace has it. */
  readonly path: string;
}

/** A path can have 4096 bytes, and there are at most 14 hierarchies. */
const MAX_BYTES = 128 * 1024;

/**
 * Reads /proc/<pid>/cgroup, see cgroups(7). Undefined when the process is not there.
 * @throws {ProcfsError}
 */
export async function readProcessCgroups(procfs: Procfs, pid: Pid): Promise<ProcessCgroup[] | undefined> {
  const text = await readProcessText(procfs, pid, 'cgroup', MAX_BYTES);
  return text === undefined ? undefined : parseProcessCgroups(text);
}

/** @throws {ProcfsError} `malformed` */
export function parseProcessCgroups(text: string): ProcessCgroup[] {
  return nonEmptyLines(text).map((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) {
      throw malformed('process cgroup', 'a number, controllers and a path', line);
    }
    return { controllers: controllers === '' ? [] : controllers.split(','), path };
  });
}
