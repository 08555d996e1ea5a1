/**
 * Converts the counters of a cgroup to final values. Pure.
 */
import type { FinalValues } from '../../last-words/index.ts';
import type { Use } from '../overhead/use.ts';

const MS_PER_SECOND = 1e3;

/** Undefined for what the cgroup does not give. */
export function fromCgroup(
  { cpuMs }: Use,
  memoryPeakBytes: number | undefined,
): Pick<FinalValues, 'cpuSeconds' | 'memoryPeakBytes'> {
  const cpuSeconds =
    cpuMs === undefined ? undefined : [...cpuMs.values()].reduce((sum, ms) => sum + ms, 0) / MS_PER_SECOND;
  return { cpuSeconds, memoryPeakBytes };
}
