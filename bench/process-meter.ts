/**
 * CPU time and memory of any process, read in /proc: schedstat of its threads, smaps_rollup and status.
 */
import { readdirSync, readFileSync } from 'node:fs';

const NS_PER_MS = 1e6;
const KIB_PER_MIB = 1024;

/** CPU time of all its threads since their start, in milliseconds, as the scheduler counts it. */
export function readCpuMs(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).reduce((sum, task) => sum + readRunNs(`${tasks}/${task}/schedstat`) / NS_PER_MS, 0);
}

export interface MemoryMiB {
  readonly resident: number;
  /** Its share of what it has in common with others. */
  readonly proportional: number;
  /** What no file can give back. */
  readonly anonymous: number;
}

export function readMemoryMiB(pid: number): MemoryMiB {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const read = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1]) / KIB_PER_MIB;
  return { resident: read('Rss'), proportional: read('Pss'), anonymous: read('Anonymous') };
}

/** The processes below this one whose command line has `text` in it. */
export function findDescendants(pid: number, text: string): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number);
  return children.flatMap((child) => [
    ...(readFileSync(`/proc/${child}/cmdline`, 'utf8').includes(text) ? [child] : []),
    ...findDescendants(child, text),
  ]);
}

function readRunNs(path: string): number {
  return Number(readFileSync(path, 'utf8').split(' ', 1)[0]);
}
