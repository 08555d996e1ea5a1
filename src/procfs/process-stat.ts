/**
 * /proc/<pid>/stat. See proc_pid_stat(5).
 */

import { type Pid, type Procfs, readText } from './procfs.ts';
import { ProcfsError } from './procfs-error.ts';

/** Figures as digits. */
export interface ProcessStat {
  readonly comm: string;
  readonly state: string;
  readonly utimeTicks: string;
  readonly stimeTicks: string;
  readonly cutimeTicks: string;
  readonly cstimeTicks: string;
  readonly numThreads: string;
  /** Since the boot. */
  readonly startTimeTicks: string;
  readonly vsizeBytes: string;
  readonly rssPages: string;
}

export async function readProcessStat(fs: Procfs, pid: Pid): Promise<ProcessStat | undefined> {
  const text = readText(fs, `${pid}/stat`);
  return text === undefined ? undefined : parseProcessStat(text);
}

/** `comm` may hold anything, blanks and `)` too: it ends at the last `)`. */
export function parseProcessStat(text: string): ProcessStat {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  const fields = text
    .slice(close + 2)
    .trim()
    .split(' ');
  if (open < 0 || close < open || fields.length < 22) {
    throw new ProcfsError('malformed', `Cannot read process stat "${text.slice(0, 80)}"`);
  }
  /** By the number that proc_pid_stat(5) gives the field. */
  const field = (number: number): string => fields[number - 3] ?? '';
  return {
    comm: text.slice(open + 1, close),
    state: field(3),
    utimeTicks: field(14),
    stimeTicks: field(15),
    cutimeTicks: field(16),
    cstimeTicks: field(17),
    numThreads: field(20),
    startTimeTicks: field(22),
    vsizeBytes: field(23),
    rssPages: field(24),
  };
}
