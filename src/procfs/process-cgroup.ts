/**
 * /proc/<pid>/cgroup: the path of a process in each hierarchy. Read by components that look for a cgroup, or leave one.
 */
import { nonEmptyLines } from './name-value.ts';
import { type Pid, type Procfs, readParsedOfProcess } from './read.ts';
import { ignoreSkipped, type OnSkipped } from './skipped.ts';

export interface ProcessCgroup {
  /** Controllers in cgroup v1: `cpu`, `cpuacct`, `name=systemd`; empty in cgroup v2. */
  readonly controllers: readonly string[];
  /** Path from the root of the hierarchy, in the cgroup namespace of the reader. */
  readonly path: string;
}

/** A path can have 4096 bytes, and there are at most 14 hierarchies. */
const MAX_BYTES = 128 * 1024;

/** Reads /proc/<pid>/cgroup, see cgroups(7). Undefined when the process is not there. */
export function readProcessCgroups(procfs: Procfs, pid: Pid): ProcessCgroup[] | undefined {
  return readParsedOfProcess(procfs, pid, 'cgroup', MAX_BYTES, parseProcessCgroups);
}

/** Skips lines of another form. */
export function parseProcessCgroups(text: string, onSkipped: OnSkipped = ignoreSkipped): ProcessCgroup[] {
  return nonEmptyLines(text).flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) {
      onSkipped(line, 'a number, controllers and a path');
      return [];
    }
    return [{ controllers: controllers === '' ? [] : controllers.split(','), path }];
  });
}
