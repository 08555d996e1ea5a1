/**
 * /proc/loadavg. See proc_loadavg(5).
 */

import { type Procfs, readText } from './procfs.ts';
import { ProcfsError } from './procfs-error.ts';

/** All as the kernel's text. */
export interface Loadavg {
  readonly load1: string;
  readonly load5: string;
  readonly load15: string;
  readonly runnableTasks: string;
  readonly totalTasks: string;
}

export async function readLoadavg(fs: Procfs): Promise<Loadavg | undefined> {
  const text = readText(fs, 'loadavg');
  return text === undefined ? undefined : parseLoadavg(text);
}

export function parseLoadavg(text: string): Loadavg {
  const match = /^([\d.]+) ([\d.]+) ([\d.]+) (\d+)\/(\d+)/.exec(text);
  if (match === null) {
    throw new ProcfsError('malformed', `Cannot read loadavg "${text.slice(0, 80)}"`);
  }
  const [, load1 = '', load5 = '', load15 = '', runnableTasks = '', totalTasks = ''] = match;
  return { load1, load5, load15, runnableTasks, totalTasks };
}
