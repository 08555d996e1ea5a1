/**
 * The files of v1's controller `blkio`: one kind of event by device and operation, such as
 * `blkio.throttle.io_service_bytes_recursive`. The agent reads them.
 */
import { toWords } from '../columns.ts';
import { nonEmptyLines } from '../name-value.ts';
import { isUnsigned } from '../number-text.ts';
import { malformed } from '../procfs-error.ts';
import { DEVICE_LIST_BYTES, type Procfs, readText } from '../read.ts';

export interface CgroupBlkio {
  readonly major: string;
  readonly minor: string;
  /** `Read`, `Write`, `Sync`, `Async`, `Discard` or `Total`; empty in files that make no difference. */
  readonly op: string;
  readonly value: string;
}

/**
 * Undefined when the cgroup or this file of it is not there. See Documentation/admin-guide/cgroup-v1/blkio-controller.rst.
 * @throws {ProcfsError}
 */
export async function readCgroupBlkio(cgroup: Procfs, file: string): Promise<CgroupBlkio[] | undefined> {
  const text = await readText(cgroup, [file], DEVICE_LIST_BYTES);
  return text === undefined ? undefined : parseCgroupBlkio(file, text);
}

/** The sum of all devices, on the last line, is left out. @throws {ProcfsError} `malformed` */
export function parseCgroupBlkio(file: string, text: string): CgroupBlkio[] {
  return nonEmptyLines(text).flatMap((line) => {
    const words = toWords(line);
    const [, major, minor] = /^(\d+):(\d+)$/.exec(words[0] ?? '') ?? [];
    const value = words.at(-1);
    if (words[0] === 'Total' && words.length === 2 && isUnsigned(value)) {
      return [];
    }
    if (major === undefined || minor === undefined || words.length < 2 || words.length > 3 || !isUnsigned(value)) {
      throw malformed(file, 'a device, perhaps an operation, and a number', line);
    }
    return [{ major, minor, op: words.length === 3 ? words[1]! : '', value }];
  });
}
