/**
 * /proc/<pid>/stat: times, threads and size of a process. Collectors read it; nothing is computed here.
 */
import { isSigned, isUnsigned } from './number-text.ts';
import { malformed } from './procfs-error.ts';
import { ONE_PAGE_BYTES, type Pid, type Procfs, readProcessText } from './read.ts';

/** Of one process, all its threads together. Digits as the kernel wrote them. */
export interface ProcessStat {
  readonly pid: string;
  /**
   * Name of the program, at most 15 bytes of anything: blanks, brackets and line feeds too, and what is not UTF-8 as
   * replacement characters. Kernel workers have up to 63 bytes.
   */
  readonly comm: string;
  /** One letter: `R` running, `S` sleeping, `Z` ended and not waited for. */
  readonly state: string;
  readonly ppid: string;
  /** Clock ticks in user mode, and in the kernel. */
  readonly utimeTicks: string;
  readonly stimeTicks: string;
  /** The same of children that were waited for; the kernel prints them signed. */
  readonly cutimeTicks: string;
  readonly cstimeTicks: string;
  readonly numThreads: string;
  /** Clock ticks from the start of the machine to that of the process: with the pid it names a process for good. */
  readonly startTimeTicks: string;
  readonly vsizeBytes: string;
  readonly rssPages: string;
}

/** Fields behind `comm`, counted from `state`, which is field 3 of the manual page. */
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
 * @throws {ProcfsError}
 */
export async function readProcessStat(procfs: Procfs, pid: Pid): Promise<ProcessStat | undefined> {
  const text = await readProcessText(procfs, pid, 'stat', ONE_PAGE_BYTES);
  return text === undefined ? undefined : parseProcessStat(text);
}

/** Fields behind `rss` are passed over. @throws {ProcfsError} `malformed` */
export function parseProcessStat(text: string): ProcessStat {
  const open = text.indexOf('(');
  // The name may hold brackets: it ends at the last one.
  const close = text.lastIndexOf(')');
  const pid = text.slice(0, Math.max(0, open)).trim();
  const fields = text
    .slice(close + 1)
    .trim()
    .split(' ');
  const numbers = fields.slice(1, at.rss + 1);
  const isWhole = open > 0 && close > open && isUnsigned(pid) && /^[A-Za-z]$/.test(fields[at.state] ?? '');
  if (!isWhole || numbers.length < at.rss || !numbers.every(isSigned)) {
    throw malformed('process stat', 'a pid, a name in brackets, a state and numbers', text);
  }
  const field = (index: number): string => fields[index]!;
  return {
    pid,
    comm: text.slice(open + 1, close),
    state: field(at.state),
    ppid: field(at.ppid),
    utimeTicks: field(at.utime),
    stimeTicks: field(at.stime),
    cutimeTicks: field(at.cutime),
    cstimeTicks: field(at.cstime),
    numThreads: field(at.numThreads),
    startTimeTicks: field(at.startTime),
    vsizeBytes: field(at.vsize),
    rssPages: field(at.rss),
  };
}
