/**
 * Files of a cgroup that hold one number, such as `memory.current`, `pids.max` and v1's `cpuacct.usage`. Called by
 * whoever wants a figure of a cgroup.
 */
import { isSigned } from '../number-text.ts';
import { malformed } from '../procfs-error.ts';
import { ONE_PAGE_BYTES, type Procfs, readText } from '../read.ts';

/**
 * Digits as the kernel wrote them, or `max` where there is no bound. Undefined when the cgroup or this file of it is not
 * there. See "single value files" in Documentation/admin-guide/cgroup-v2.rst.
 * @throws {ProcfsError}
 */
export async function readCgroupValue(cgroup: Procfs, file: string): Promise<string | undefined> {
  const text = await readText(cgroup, [file], ONE_PAGE_BYTES);
  return text === undefined ? undefined : parseCgroupValue(file, text);
}

/** @throws {ProcfsError} `malformed` */
export function parseCgroupValue(file: string, text: string): string {
  const value = text.trim();
  // v1 has -1 for a bound that nobody has set, in some of its files.
  if (value !== 'max' && !isSigned(value)) {
    throw malformed(file, 'a number or "max"', text);
  }
  return value;
}
