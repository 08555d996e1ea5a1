/**
 * Files of a cgroup with a name and a number on each line: `cpu.stat`, `memory.stat`, `memory.events` and v1's
 * `cpuacct.stat`. Called by whoever wants figures of a cgroup.
 */
import { parseNameValues } from '../name-value.ts';
import { type Procfs, readText } from '../read.ts';

/** memory.stat has 60 lines; newer kernels add some. */
const MAX_BYTES = 64 * 1024;

/**
 * Digits by name, in the kernel's order. Undefined when the cgroup or this file of it is not there. See "flat keyed" in
 * Documentation/admin-guide/cgroup-v2.rst.
 * @throws {ProcfsError}
 */
export async function readCgroupFlatKeyed(
  cgroup: Procfs,
  file: string,
): Promise<ReadonlyMap<string, string> | undefined> {
  const text = await readText(cgroup, [file], MAX_BYTES);
  return text === undefined ? undefined : parseCgroupFlatKeyed(file, text);
}

/** @throws {ProcfsError} `malformed` */
export function parseCgroupFlatKeyed(file: string, text: string): ReadonlyMap<string, string> {
  return new Map(parseNameValues(file, text).map(({ name, value }) => [name, value]));
}
