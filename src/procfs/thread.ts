/**
 * Threads of a process: their ids, names, and the time that they waited for a CPU. The collector of virtual CPUs reads
 * them.
 */
import { isCount } from './number-text.ts';
import { ONE_PAGE_BYTES, type Pid, type Procfs, readParsed } from './read.ts';
import { readNames } from './read-directory.ts';
import { ignoreSkipped, type OnSkipped } from './skipped.ts';

/** Numbers of the threads. Undefined when the process is not there, or has more than `maxThreads`. */
export function readThreadIds(procfs: Procfs, pid: Pid, maxThreads: number): string[] | undefined {
  return readNames(procfs, [String(pid), 'task'], maxThreads);
}

/** The name of a thread, at most 15 bytes of anything. Undefined when it is not there. */
export function readThreadName(procfs: Procfs, pid: Pid, threadId: string): string | undefined {
  return readParsed(procfs, [String(pid), 'task', threadId, 'comm'], ONE_PAGE_BYTES, (text) =>
    text.endsWith('\n') ? text.slice(0, -1) : text,
  );
}

/**
 * Nanoseconds that a thread was ready and waited for a CPU, as digits; see Documentation/scheduler/sched-stats.rst. Undefined
 * when it is not there, or the kernel does not count (CONFIG_SCHED_INFO).
 */
export function readThreadWaitNs(procfs: Procfs, pid: Pid, threadId: string): string | undefined {
  return readParsed(procfs, [String(pid), 'task', threadId, 'schedstat'], ONE_PAGE_BYTES, parseSchedstatWait);
}

/** The second of three numbers: time on a CPU, time of waiting, and the number of times that it ran. */
export function parseSchedstatWait(text: string, onSkipped: OnSkipped = ignoreSkipped): string | undefined {
  const [line = ''] = text.split('\n', 1);
  const [onCpu, waited, runs] = line.split(' ');
  if (!isCount(onCpu) || !isCount(waited) || !isCount(runs)) {
    onSkipped(line, 'three numbers');
    return undefined;
  }
  return waited;
}
