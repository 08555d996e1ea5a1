/**
 * Files of a cgroup with a name and a number on each line: `cpu.stat`, `memory.stat`, `memory.events` and v1's
 * `cpuacct.stat`. The agent and the shim's overhead read them.
 */
import { parseNameValues } from '../name-value.ts';
import { type Procfs, readParsed } from '../read.ts';
import { ignoreSkipped, type OnSkipped } from '../skipped.ts';

/** memory.stat has 60 lines; newer kernels add some. */
const MAX_BYTES = 1024 * 1024;

/**
 * Digits by name, in the kernel's order. Undefined when the cgroup or this file of it is not there. See "flat keyed" in
 * Documentation/admin-guide/cgroup-v2.rst.
 */
export function readCgroupFlatKeyed(cgroup: Procfs, file: string): ReadonlyMap<string, string> | undefined {
  return readParsed(cgroup, [file], MAX_BYTES, parseCgroupFlatKeyed);
}

/** Skips lines that are no name and number. */
export function parseCgroupFlatKeyed(text: string, onSkipped: OnSkipped = ignoreSkipped): ReadonlyMap<string, string> {
  return new Map(parseNameValues(text, onSkipped).map(({ name, value }) => [name, value]));
}
