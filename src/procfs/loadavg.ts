/**
 * /proc/loadavg: how busy the machine is. Collectors read it.
 */
import { malformed } from './procfs-error.ts';
import { ONE_PAGE_BYTES, type Procfs, readText } from './read.ts';

/** How many tasks want to run. All digits as the kernel wrote them. */
export interface Loadavg {
  /** Tasks running or in uninterruptible sleep, averaged over 1, 5 and 15 minutes. */
  readonly load1: string;
  readonly load5: string;
  readonly load15: string;
  /** Scheduling entities (processes and threads) that can run now. */
  readonly runnableTasks: string;
  /** Scheduling entities that exist. */
  readonly totalTasks: string;
}

/**
 * Reads /proc/loadavg, see proc_loadavg(5): tasks. Undefined when it is not there.
 * @throws {ProcfsError}
 */
export async function readLoadavg(procfs: Procfs): Promise<Loadavg | undefined> {
  const text = await readText(procfs, ['loadavg'], ONE_PAGE_BYTES);
  return text === undefined ? undefined : parseLoadavg(text);
}

/** @throws {ProcfsError} `malformed` */
export function parseLoadavg(text: string): Loadavg {
  const match = /^(\d+\.\d+) (\d+\.\d+) (\d+\.\d+) (\d+)\/(\d+) \d+\n?$/.exec(text);
  if (match === null) {
    throw malformed('loadavg', 'three averages, two counts and a pid', text);
  }
  const [, load1 = '', load5 = '', load15 = '', runnableTasks = '', totalTasks = ''] = match;
  return { load1, load5, load15, runnableTasks, totalTasks };
}
