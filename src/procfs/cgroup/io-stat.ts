/**
 * `io.stat` of cgroup v2: what a cgroup has read and written, by device. The agent reads it.
 */
import { toWords } from '../columns.ts';
import { nonEmptyLines } from '../name-value.ts';
import { isUnsigned } from '../number-text.ts';
import { malformed } from '../procfs-error.ts';
import { DEVICE_LIST_BYTES, type Procfs, readText } from '../read.ts';

export interface CgroupIo {
  readonly major: string;
  readonly minor: string;
  /** Digits by name: `rbytes`, `wbytes`, `rios`, `wios`, `dbytes`, `dios`, and what else the kernel has. */
  readonly fields: ReadonlyMap<string, string>;
}

/**
 * Bytes and operations by device. Undefined when the cgroup or this file of it is not there. See "IO Interface Files" in
 * Documentation/admin-guide/cgroup-v2.rst.
 * @throws {ProcfsError}
 */
export async function readCgroupIoStat(cgroup: Procfs): Promise<CgroupIo[] | undefined> {
  const text = await readText(cgroup, ['io.stat'], DEVICE_LIST_BYTES);
  return text === undefined ? undefined : parseCgroupIoStat(text);
}

/**
 * Devices without figures are left out: kernels of 5.x put them on the line of the next one. Values that are no counts
 * (`cost.vrate=100.00`) are passed over.
 * @throws {ProcfsError} `malformed`
 */
export function parseCgroupIoStat(text: string): CgroupIo[] {
  return nonEmptyLines(text).flatMap(parseLine);
}

function parseLine(line: string): CgroupIo[] {
  const words = toWords(line);
  const pairsFrom = words.findIndex((word) => word.includes('='));
  const devices = words.slice(0, pairsFrom < 0 ? words.length : pairsFrom).map((word) => /^(\d+):(\d+)$/.exec(word));
  const pairs = pairsFrom < 0 ? [] : words.slice(pairsFrom).map((word) => /^([^=]+)=([^=]+)$/.exec(word));
  const [, major, minor] = devices.at(-1) ?? [];
  if (major === undefined || minor === undefined || devices.includes(null) || pairs.includes(null)) {
    throw malformed('io.stat', 'a device and pairs of a name and a number', line);
  }
  const fields = pairs.map((pair): [string, string] => [pair![1]!, pair![2]!]).filter(([, value]) => isUnsigned(value));
  return fields.length === 0 ? [] : [{ major, minor, fields: new Map(fields) }];
}
