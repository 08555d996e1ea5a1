/**
 * `io.stat` of cgroup v2: what a cgroup has read and written, by device. The agent reads it.
 */
import { toWords } from '../columns.ts';
import { nonEmptyLines } from '../name-value.ts';
import { isCount, isInteger } from '../number-text.ts';
import { DEVICE_LIST_BYTES, type Procfs, readParsed } from '../read.ts';
import { ignoreSkipped, type OnSkipped } from '../skipped.ts';

export interface CgroupIo {
  readonly major: string;
  readonly minor: string;
  /** Digits by name: `rbytes`, `wbytes`, `rios`, `wios`, `dbytes`, `dios`, and what else the kernel has. */
  readonly fields: ReadonlyMap<string, string>;
}

/**
 * Bytes and operations by device. Undefined when the cgroup or this file of it is not there. See "IO Interface Files" in
 * Documentation/admin-guide/cgroup-v2.rst.
 */
export async function readCgroupIoStat(cgroup: Procfs): Promise<CgroupIo[] | undefined> {
  return readParsed(cgroup, ['io.stat'], DEVICE_LIST_BYTES, parseCgroupIoStat);
}

/**
 * Devices without values are left out: kernels of 5.x put them on the line of the next one, `(unknown)` where a device is
 * going away. Values that are no counts (`cost.vrate=100.00`) are passed over. Skips lines of another form, devices that
 * were there before, and values that are negative or have wrapped below zero.
 */
export function parseCgroupIoStat(text: string, onSkipped: OnSkipped = ignoreSkipped): CgroupIo[] {
  const devices = new Map<string, CgroupIo>();
  for (const line of nonEmptyLines(text)) {
    const device = parseLine(line);
    const key = `${device?.major}:${device?.minor}`;
    if (device === undefined || devices.has(key)) {
      onSkipped(line, 'a device, once, and pairs of a name and a number');
      continue;
    }
    if (device.isPartial) {
      onSkipped(line, 'counters that are not below zero');
    }
    if (device.fields.size > 0) {
      devices.set(key, { major: device.major, minor: device.minor, fields: device.fields });
    }
  }
  return [...devices.values()];
}

const DEVICE = /^(\d{1,10}):(\d{1,10})$/;
const OTHER_DEVICE = /^(?:\d{1,10}:\d{1,10}|\(unknown\))$/;

function parseLine(line: string): (CgroupIo & { readonly isPartial: boolean }) | undefined {
  const words = toWords(line);
  const pairsFrom = words.findIndex((word) => word.includes('='));
  const names = words.slice(0, pairsFrom < 0 ? words.length : pairsFrom);
  const [, major, minor] = DEVICE.exec(names.at(-1) ?? '') ?? [];
  const pairs = pairsFrom < 0 ? [] : words.slice(pairsFrom).map((word) => /^([!-<>-~]{1,64})=([^=]+)$/.exec(word));
  const isRead = names.slice(0, -1).every((word) => OTHER_DEVICE.test(word)) && !pairs.includes(null);
  if (major === undefined || minor === undefined || !isRead) {
    return undefined;
  }
  const fields = new Map<string, string>();
  let isPartial = false;
  for (const [, name = '', value = ''] of pairs.filter((pair) => pair !== null)) {
    if (isCount(value) && !fields.has(name)) {
      fields.set(name, value);
    } else {
      isPartial ||= isInteger(value) || USED.has(name);
    }
  }
  return { major, minor, fields, isPartial };
}

/** Counts on every kernel. */
const USED: ReadonlySet<string> = new Set(['rbytes', 'wbytes', 'rios', 'wios', 'dbytes', 'dios']);
