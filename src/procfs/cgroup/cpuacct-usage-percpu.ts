/**
 * `cpuacct.usage_percpu` of cgroup v1: CPU time on each CPU, in nanoseconds. The agent reads it; v2 has no equivalent.
 */
import { toWords } from '../columns.ts';
import { nonEmptyLines } from '../name-value.ts';
import { isCount } from '../number-text.ts';
import { DEVICE_LIST_BYTES, type Procfs, readParsed } from '../read.ts';
import { ignoreSkipped, type OnSkipped } from '../skipped.ts';

/**
 * Nanoseconds of each possible CPU, as digits. Undefined when the cgroup or this file of it is not there. See
 * Documentation/admin-guide/cgroup-v1/cpuacct.rst.
 */
export async function readCpuacctUsagePercpu(cgroup: Procfs): Promise<string[] | undefined> {
  return readParsed(cgroup, ['cpuacct.usage_percpu'], DEVICE_LIST_BYTES, parseCpuacctUsagePercpu);
}

/** None when one of them is no count: its place says which CPU it is of. Lines after the first are skipped. */
export function parseCpuacctUsagePercpu(text: string, onSkipped: OnSkipped = ignoreSkipped): string[] {
  const [line, ...others] = nonEmptyLines(text);
  const words = line === undefined ? [] : toWords(line);
  const isRead = words.every(isCount);
  for (const each of isRead ? others : [line ?? '', ...others]) {
    onSkipped(each, 'one line of numbers');
  }
  return isRead ? words : [];
}
