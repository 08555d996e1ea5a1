/**
 * `cgroup.procs`: who is in a cgroup. Read to know whose it is, and whether it is empty.
 */
import { nonEmptyLines } from '../name-value.ts';
import { malformed } from '../procfs-error.ts';
import { DEVICE_LIST_BYTES, type Procfs, readText } from '../read.ts';

/**
 * Process numbers as the reader's namespace has them; 0 is one that it cannot see. Undefined when the cgroup is not there.
 * @throws {ProcfsError}
 */
export async function readCgroupProcs(cgroup: Procfs): Promise<number[] | undefined> {
  const text = await readText(cgroup, ['cgroup.procs'], DEVICE_LIST_BYTES);
  return text === undefined ? undefined : parseCgroupProcs(text);
}

/** @throws {ProcfsError} `malformed` */
export function parseCgroupProcs(text: string): number[] {
  return nonEmptyLines(text).map((line) => {
    if (!/^\d{1,10}$/.test(line)) {
      throw malformed('cgroup.procs', 'the number of a process', line);
    }
    return Number(line);
  });
}
