/**
 * The last words that the guard of a sandbox writes if its shim is killed: everything that is known when the sandbox
 * starts. The guard adds the counters of the cgroup.
 */
import { encodeLastWords, isMailboxOpen, lastWordsPaths, type PodNames } from '../../last-words/index.ts';
import type { EnteredCgroup } from '../overhead/prepare-cgroup.ts';
import type { SandboxCgroup } from '../overhead/sandbox-cgroup.ts';
import type { GuardWords } from '../processes/guard.ts';

export interface GuardWordsOptions {
  readonly root: string;
  readonly sandboxId: string;
  readonly pod?: PodNames;
  readonly cgroup: SandboxCgroup | undefined;
  readonly shimCgroup: EnteredCgroup | undefined;
  /** CPU time that the cgroup had counted before the sandbox began, in nanoseconds. */
  readonly countedNs: number;
  /** Milliseconds since 1970. */
  readonly startedMs: number;
}

/** Two shims of one sandbox do not start within one millisecond with one pid. */
export function epochOf(startedMs: number): string {
  return `${startedMs.toString(36)}x${process.pid.toString(36)}`;
}

/** Undefined when no monitor takes last words, or no cgroup counts. */
export function prepareGuardWords(options: GuardWordsOptions): GuardWords | undefined {
  const { root, sandboxId, pod, cgroup, shimCgroup, countedNs, startedMs } = options;
  if (cgroup === undefined || !isMailboxOpen(root)) {
    return undefined;
  }
  const epoch = epochOf(startedMs);
  const words = {
    sandboxId,
    epoch,
    reason: 'shim_killed',
    message: '',
    startedMs,
    endedMs: 0,
    pod,
    values: {},
  } as const;
  return {
    ...lastWordsPaths(root, words),
    // Up to the end time, which the guard writes.
    head: encodeLastWords(words).replace(/,"endedMs":0,"values":\{\}\}$/, ''),
    cpuPath: cgroup.files.cpu ?? '',
    memoryPeakPath: cgroup.files.memoryPeak ?? '',
    workloadCpuPath: cgroup.workload?.files.cpu ?? '',
    shimCgroup: shimCgroup?.directory ?? '',
    shimCpuPath: shimCgroup?.cpuPath ?? '',
    baseNs: (shimCgroup?.outsideNs ?? 0) - countedNs,
  };
}
