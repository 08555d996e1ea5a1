/**
 * What a shim that was attached to a sandbox of another runtime leaves for the monitor: a note that the sandbox continues
 * without it or, if the hypervisor has ended, the last words. The monitor adds the values of the last scrape.
 */
import { uptime } from 'node:os';
import { TICKS_PER_SECOND } from '../../collectors/index.ts';
import { isMailboxOpen, leaveDetached, leaveLastWords } from '../../last-words/index.ts';
import { createProcfs, readProcessStat } from '../../procfs/index.ts';
import type { Log } from '../../program/index.ts';
import type { SandboxCgroup } from '../overhead/sandbox-cgroup.ts';
import { fromCgroup } from './cgroup-values.ts';

export interface AttachedEndOptions {
  readonly root: string;
  readonly sandboxId: string;
  readonly hypervisorPid: number;
  readonly cgroup: SandboxCgroup | undefined;
  readonly log: Log;
}

const MS_PER_SECOND = 1000;

export class AttachedEnd {
  readonly #options: AttachedEndOptions;
  /** A separate instance, because that of the metrics is closed before. */
  readonly #procfs = createProcfs();
  readonly #startTimeTicks: string | undefined;

  constructor(options: AttachedEndOptions) {
    this.#options = options;
    this.#startTimeTicks = readProcessStat(this.#procfs, options.hypervisorPid)?.startTimeTicks;
  }

  /** Never rejects. */
  async leave(): Promise<void> {
    const { root, sandboxId, hypervisorPid, cgroup, log } = this.#options;
    const ticks = this.#startTimeTicks;
    if (ticks === undefined || !isMailboxOpen(root)) {
      return;
    }
    // The same for all shims that are attached to this hypervisor, at the same time or one after the other.
    const epoch = `t${BigInt(ticks).toString(36)}x${hypervisorPid.toString(36)}`;
    try {
      if (readProcessStat(this.#procfs, hypervisorPid)?.startTimeTicks === ticks) {
        leaveDetached(root, { sandboxId, epoch });
        return;
      }
      const endedMs = Date.now();
      const ageSeconds = uptime() - Number(ticks) / TICKS_PER_SECOND;
      const { cpuSeconds: hostCpuSeconds, memoryPeakBytes: hostMemoryPeakBytes } =
        cgroup === undefined ? {} : fromCgroup(await cgroup.readUse(), await cgroup.readMemoryPeak());
      leaveLastWords(root, {
        sandboxId,
        epoch,
        reason: 'unknown',
        message: `Process ${hypervisorPid} of the hypervisor has ended`,
        startedMs: endedMs - Math.max(0, ageSeconds) * MS_PER_SECOND,
        endedMs,
        pod: undefined,
        values: {
          ...(hostCpuSeconds !== undefined && { hostCpuSeconds }),
          ...(hostMemoryPeakBytes !== undefined && { hostMemoryPeakBytes }),
        },
      });
    } catch (error) {
      log.warn(`Cannot tell the monitor how the sandbox goes on: ${String(error)}`);
    }
  }
}
