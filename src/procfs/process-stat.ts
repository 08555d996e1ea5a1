/**
 * /proc/<pid>/stat: times, threads and size of a process. Collectors read it; nothing is computed here.
 */
import { isCount } from './number-text.ts';
import { ONE_PAGE_BYTES, type Pid, type Procfs, readParsedOfProcess } from './read.ts';
import { ignoreSkipped, type OnSkipped } from './skipped.ts';

/**
 * Values of one process with all of its threads. Digits as the kernel has written them; undefined if a number is negative
 * or invalid. Without its name, state and start time, a process has no values.
 */
export interface ProcessStat {
  readonly pid: string;
  /**
   * Name of the program, at most 15 bytes of anything: blanks, brackets and line feeds too, and what is not UTF-8 as
   * replacement characters. Kernel workers have up to 63 bytes.
   */
  readonly comm: string;
  /** One letter: `R` running, `S` sleeping, `Z` ended and not waited for. */
  readonly state: string;
  readonly ppid: string | undefined;
  /** Clock ticks in user mode, and in the kernel. */
  readonly utimeTicks: string | undefined;
  readonly stimeTicks: string | undefined;
  /** The same of children that were waited for; the kernel prints them signed. */
  readonly cutimeTicks: string | undefined;
  readonly cstimeTicks: string | undefined;
  readonly numThreads: string | undefined;
  /** Clock ticks from the start of the machine to that of the process: with the pid it names a process for good. */
  readonly startTimeTicks: string;
  readonly vsizeBytes: string | undefined;
  readonly rssPages: string | undefined;
}

/** Fields after `comm`, counted from `state`, which is field 3 of the manual page. */
const at = {
  state: 0,
  ppid: 1,
  utime: 11,
  stime: 12,
  cutime: 13,
  cstime: 14,
  numThreads: 17,
  startTime: 19,
  vsize: 20,
  rss: 21,
} as const;

/**
 * Reads /proc/<pid>/stat, see proc_pid_stat(5): clock ticks (hundredths of a second), bytes and pages. Undefined when the
 * process is not there.
 */
export function readProcessStat(procfs: Procfs, pid: Pid): ProcessStat | undefined {
  return readParsedOfProcess(procfs, pid, 'stat', ONE_PAGE_BYTES, parseProcessStat);
}

/** Undefined when the line does not identify its process. Fields after `rss` are skipped. */
export function parseProcessStat(text: string, onSkipped: OnSkipped = ignoreSkipped): ProcessStat | undefined {
  const open = text.indexOf('(');
  // The name may hold brackets: it ends at the last one.
  const close = text.lastIndexOf(')');
  const pid = text.slice(0, Math.max(0, open)).trim();
  const fields = text
    .slice(close + 1)
    .trim()
    .split(' ');
  const state = fields[at.state] ?? '';
  const startTimeTicks = fields[at.startTime];
  if (open <= 0 || close <= open || !isCount(pid) || !/^[A-Za-z]$/.test(state) || !isCount(startTimeTicks)) {
    onSkipped(text, 'a pid, a name in brackets, a state and numbers');
    return undefined;
  }
  const number = (index: number): string | undefined => (isCount(fields[index]) ? fields[index] : undefined);
  const stat = {
    pid,
    comm: text.slice(open + 1, close),
    state,
    ppid: number(at.ppid),
    utimeTicks: number(at.utime),
    stimeTicks: number(at.stime),
    cutimeTicks: number(at.cutime),
    cstimeTicks: number(at.cstime),
    numThreads: number(at.numThreads),
    startTimeTicks,
    vsizeBytes: number(at.vsize),
    rssPages: number(at.rss),
  };
  if (Object.values(stat).includes(undefined)) {
    onSkipped(text, 'numbers that are not below zero');
  }
  return stat;
}
