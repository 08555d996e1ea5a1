/**
 * /proc/loadavg: the load of the machine. Collectors read it.
 */
import { toWords } from './columns.ts';
import { isCount } from './number-text.ts';
import { ONE_PAGE_BYTES, type Procfs, readParsed } from './read.ts';
import { ignoreSkipped, type OnSkipped } from './skipped.ts';

/** How many tasks want to run. All digits as the kernel wrote them. */
export interface Loadavg {
  /** Tasks running or in uninterruptible sleep, averaged over 1, 5 and 15 minutes. */
  readonly load1: string;
  readonly load5: string;
  readonly load15: string;
  /**
   * Scheduling entities (processes and threads) that can run now. Undefined where it is more than there are: the kernel
   * adds it up over the CPUs, and the sum can be below zero for a moment.
   */
  readonly runnableTasks: string | undefined;
  /** Scheduling entities that exist. */
  readonly totalTasks: string | undefined;
}

/** Matches a load. More than eight digits would be a count that has wrapped below zero. */
const LOAD = /^\d{1,8}\.\d{1,9}$/;

/** Reads /proc/loadavg, see proc_loadavg(5): tasks. Undefined when it is not there, or cannot be read. */
export function readLoadavg(procfs: Procfs): Loadavg | undefined {
  return readParsed(procfs, ['loadavg'], ONE_PAGE_BYTES, parseLoadavg);
}

/** Undefined when the line does not begin with three averages; what follows the counts is passed over. */
export function parseLoadavg(text: string, onSkipped: OnSkipped = ignoreSkipped): Loadavg | undefined {
  const [line = ''] = text.split('\n', 1);
  const [load1 = '', load5 = '', load15 = '', tasks = ''] = toWords(line);
  const isRead = [load1, load5, load15].every((load) => LOAD.test(load));
  const counts = parseTasks(tasks);
  if (!isRead || counts.runnableTasks === undefined) {
    onSkipped(line, 'three averages and two counts of tasks');
  }
  return isRead ? { load1, load5, load15, ...counts } : undefined;
}

function parseTasks(text: string): Pick<Loadavg, 'runnableTasks' | 'totalTasks'> {
  const [, runnable, total] = /^(-?\d+)\/(\d+)$/.exec(text) ?? [];
  const totalTasks = isCount(total) ? total : undefined;
  const isPart = isCount(runnable) && totalTasks !== undefined && BigInt(runnable) <= BigInt(totalTasks);
  return { runnableTasks: isPart ? runnable : undefined, totalTasks };
}
