/**
 * Times of /proc/<pid>/stat as the `item` values of the proc_stat families. Shared by the agent's and the host's
 * collectors; reads nothing.
 */
import type { ProcessStat } from '../procfs/index.ts';
import { toItems } from './optional-samples.ts';

/** Clock ticks, as the kernel gives them; without those that are below zero there. */
export function toTimeItems({ utimeTicks, stimeTicks, cutimeTicks, cstimeTicks }: ProcessStat) {
  return toItems({ utime: utimeTicks, stime: stimeTicks, cutime: cutimeTicks, cstime: cstimeTicks });
}
