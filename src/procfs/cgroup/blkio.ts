/**
 * The files of the v1 controller `blkio`: counts of one kind by device and operation, such as
 * `blkio.throttle.io_service_bytes_recursive`. The agent reads them.
 */
import { toWords } from '../columns.ts';
import { nonEmptyLines } from '../name-value.ts';
import { isCount } from '../number-text.ts';
import { DEVICE_LIST_BYTES, type Procfs, readParsed } from '../read.ts';
import { ignoreSkipped, type OnSkipped } from '../skipped.ts';

export interface CgroupBlkio {
  readonly major: string;
  readonly minor: string;
  /** `Read`, `Write`, `Sync`, `Async`, `Discard` or `Total`; empty in files that make no difference. */
  readonly op: string;
  readonly value: string;
}

/** Undefined when the cgroup or this file of it is not there. See Documentation/admin-guide/cgroup-v1/blkio-controller.rst. */
export async function readCgroupBlkio(cgroup: Procfs, file: string): Promise<CgroupBlkio[] | undefined> {
  return readParsed(cgroup, [file], DEVICE_LIST_BYTES, parseCgroupBlkio);
}

/** Omits the sum of all devices, on the last line; skips lines of another form. */
export function parseCgroupBlkio(text: string, onSkipped: OnSkipped = ignoreSkipped): CgroupBlkio[] {
  const entries = new Map<string, CgroupBlkio>();
  for (const line of nonEmptyLines(text)) {
    const words = toWords(line);
    const [, major, minor] = /^(\d{1,10}):(\d{1,10})$/.exec(words[0] ?? '') ?? [];
    const value = words.at(-1);
    if (words[0] === 'Total' && words.length === 2 && isCount(value)) {
      continue;
    }
    const op = words.length === 3 ? words[1]! : '';
    const isRead = major !== undefined && minor !== undefined && OPERATION.test(op) && isCount(value);
    const key = `${words[0]} ${op}`;
    if (!isRead || words.length < 2 || words.length > 3 || entries.has(key)) {
      onSkipped(line, 'a device, perhaps an operation, once, and a number');
    } else {
      entries.set(key, { major, minor, op, value });
    }
  }
  return [...entries.values()];
}

const OPERATION = /^[A-Za-z]{0,20}$/;
