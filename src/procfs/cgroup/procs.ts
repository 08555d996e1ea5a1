/**
 * `cgroup.procs`: the PIDs of the processes in a cgroup. Read to check which processes these are, and whether it is
 * empty.
 */
import { nonEmptyLines } from '../name-value.ts';
import { DEVICE_LIST_BYTES, type Procfs, readParsed } from '../read.ts';
import { ignoreSkipped, type OnSkipped } from '../skipped.ts';

/** Process numbers as the reader's namespace has them; 0 is one that it cannot see. Undefined when the cgroup is not there. */
export async function readCgroupProcs(cgroup: Procfs): Promise<number[] | undefined> {
  return readParsed(cgroup, ['cgroup.procs'], DEVICE_LIST_BYTES, parseCgroupProcs);
}

/** Skips lines that are no number. */
export function parseCgroupProcs(text: string, onSkipped: OnSkipped = ignoreSkipped): number[] {
  return nonEmptyLines(text).flatMap((line) => {
    if (!/^\d{1,10}$/.test(line)) {
      onSkipped(line, 'the number of a process');
      return [];
    }
    return [Number(line)];
  });
}
