/**
 * `cpuacct.usage_percpu` of cgroup v1: time on each CPU. The agent reads it; v2 has nothing like it.
 */
import { toWords } from '../columns.ts';
import { isUnsigned } from '../number-text.ts';
import { malformed } from '../procfs-error.ts';
import { DEVICE_LIST_BYTES, type Procfs, readText } from '../read.ts';

/**
 * Nanoseconds of each possible CPU, as digits. Undefined when the cgroup or this file of it is not there. See
 * Documentation/admin-guide/cgroup-v1/cpuacct.rst.
 * @throws {ProcfsError}
 */
export async function readCpuacctUsagePercpu(cgroup: Procfs): Promise<string[] | undefined> {
  const text = await readText(cgroup, ['cpuacct.usage_percpu'], DEVICE_LIST_BYTES);
  return text === undefined ? undefined : parseCpuacctUsagePercpu(text);
}

/** @throws {ProcfsError} `malformed` */
export function parseCpuacctUsagePercpu(text: string): string[] {
  const words = text.trim() === '' ? [] : toWords(text);
  if (!words.every(isUnsigned)) {
    throw malformed('cpuacct.usage_percpu', 'numbers', text);
  }
  return words;
}
