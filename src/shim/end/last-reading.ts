/**
 * The last reading of a sandbox: its total usage, read while it ends, and left for the monitor as its last words. The
 * only reading that no scrape requests. A failure of the reading does not delay the end of the sandbox.
 */
import { findStatusKib, TICKS_PER_SECOND } from '../../collectors/index.ts';
import { BodyChecker } from '../../exposition/index.ts';
import {
  announceLastWords,
  type EndReason,
  encodeLastWords,
  type FinalValues,
  isMailboxOpen,
  type LastWords,
  leaveLastWords,
  type PodNames,
} from '../../last-words/index.ts';
import { type Procfs, readProcessStat, readProcessStatus } from '../../procfs/index.ts';
import { type Log, PacedWork } from '../../program/index.ts';
import { checkAgentResult } from '../agent/agent-families.ts';
import type { AgentLink } from '../agent/agent-link.ts';
import { agentPolicy } from '../agent/agent-policy.ts';
import type { Hypervisor, SandboxEnd } from '../hypervisors/hypervisor.ts';
import type { EnteredCgroup } from '../overhead/prepare-cgroup.ts';
import type { SandboxCgroup } from '../overhead/sandbox-cgroup.ts';
import type { Guard } from '../processes/guard.ts';
import { fromCgroup } from './cgroup-values.ts';
import { epochOf } from './guard-words.ts';
import { readGuestValues } from './guest-values.ts';

export interface LastReadingOptions {
  readonly root: string;
  readonly sandboxId: string;
  readonly pod?: PodNames;
  readonly procfs: Procfs;
  readonly hypervisor: Hypervisor;
  readonly cgroup: SandboxCgroup | undefined;
  /** CPU time of the shim before it entered the cgroup, in seconds; undefined when the shim was never in it. */
  readonly shimSecondsOutside: number | undefined;
  /** The cgroup of the shim and its guard, if there is one. */
  readonly shimCgroup: EnteredCgroup | undefined;
  /** CPU time that the cgroup of the sandbox had counted before the sandbox began, in nanoseconds. */
  readonly countedNs: number;
  /** Whether this process ends when the shim is closed: then its exit belongs to the sandbox. */
  readonly isWholeProcess?: boolean;
  /** Milliseconds since 1970. */
  readonly startedMs: number;
  readonly log: Log;
}

/** An agent responds within milliseconds; the sandbox is ending, and its pod is waiting. */
const AGENT_TIMEOUT_MS = 500;
/** The directory of the cgroup above those of the containers; see guest-sandbox.ts of the agent. */
const CONTAINERS_CGROUP = 'kata';
const BYTES_PER_KIB = 1024;
const US_PER_SECOND = 1e6;
const NS_PER_SECOND = 1e9;

export class LastReading {
  readonly #options: LastReadingOptions;
  #end: SandboxEnd | undefined;
  /** Whether the shim has begun to stop it: what ends then has been ended. */
  #isStopped = false;
  #guest: FinalValues = {};
  #workload: FinalValues = {};
  #host: FinalValues = {};
  /** Milliseconds since 1970. */
  #endedMs: number | undefined;
  /** VmHWM of the processes, before they end; undefined where one is not known. */
  #peakBytes: number | undefined;
  /** CPU seconds of the shim when it left the cgroup. */
  #shimSecondsAtLeaving = 0;
  /** CPU seconds of processes that are not part of the workload, before they end. */
  #otherSeconds = 0;

  constructor(options: LastReadingOptions) {
    this.#options = options;
    void options.hypervisor.ended.then((end) => {
      this.#end ??= this.#isStopped ? undefined : end;
    });
  }

  /** Called first when the shim is closed: reads what ends with the sandbox. Never rejects. */
  async readBefore(agent: Pick<AgentLink, 'getMetrics' | 'statsContainer'>): Promise<void> {
    const { root, procfs, hypervisor, cgroup } = this.#options;
    this.#isStopped = this.#end === undefined;
    if (!isMailboxOpen(root)) {
      return;
    }
    await this.#try('the guest', async () => {
      if (hypervisor.guestUse.kind === 'agent' && this.#end === undefined) {
        const [values, memoryPeakBytes] = await Promise.all([readGuest(agent), readContainersPeak(agent)]);
        this.#guest = { ...values, memoryPeakBytes };
      }
    });
    await this.#try('the processes', () => {
      const others = hypervisor.otherPids();
      this.#otherSeconds = sum(others.map((pid) => readCpuSeconds(procfs, pid) ?? 0)) ?? 0;
      if (cgroup === undefined) {
        const pids = [hypervisor.pid, hypervisor.virtiofsdPid, ...others].filter((pid) => pid !== undefined);
        this.#peakBytes = sum(pids.map((pid) => readPeakBytes(procfs, pid)));
      }
    });
  }

  /** Called before the shim leaves the cgroup: it works on outside. */
  noteLeaving(): void {
    this.#shimSecondsAtLeaving = readShimSeconds();
  }

  /** Reads the values after the sandbox has ended. Called before the cgroup is removed. Never rejects. */
  async readAfter(): Promise<void> {
    await this.#try('the cgroup', async () => {
      if (isMailboxOpen(this.#options.root)) {
        this.#endedMs = Date.now();
        this.#workload = await this.#readWorkload();
        this.#host = await this.#readHost();
      }
    });
  }

  /**
   * Leaves all of it for the monitor, as the last but one thing that the shim does. Where the shim has a cgroup, the guard
   * completes it: with the CPU time until then, or until this process has ended. Never rejects.
   */
  async leave(guard: Guard | undefined): Promise<void> {
    await this.#try('the shim', async () => {
      const words = isMailboxOpen(this.#options.root) ? this.#toWords() : undefined;
      if (words !== undefined && !(await this.#leave(words, guard))) {
        this.#options.log.warn('The final values of the sandbox are lost: the mailbox of the monitor is full');
      }
    });
  }

  /** Returns the last words with the CPU time of the shim until now; undefined if the cgroup could not be read. */
  #toWords(): LastWords | undefined {
    const { sandboxId, pod, startedMs } = this.#options;
    if (this.#endedMs === undefined) {
      return undefined;
    }
    const { hostCpuSeconds: others, ...host } = this.#host;
    const hostCpuSeconds = others === undefined ? undefined : others + this.#readShimSeconds();
    // The last one is completed by the guard.
    const values = defined({ ...this.#guest, ...this.#workload, ...host, hostCpuSeconds });
    const { reason, message } = describeEnd(this.#end);
    const endedMs = Math.max(startedMs, this.#endedMs);
    return { sandboxId, epoch: epochOf(startedMs), reason, message, startedMs, endedMs, pod, values };
  }

  async #leave(words: LastWords, guard: Guard | undefined): Promise<boolean> {
    const { root, shimCgroup, isWholeProcess = false } = this.#options;
    const { hostCpuSeconds: others } = this.#host;
    if (guard === undefined || shimCgroup === undefined || others === undefined) {
      return leaveLastWords(root, words);
    }
    if (!announceLastWords(root, words)) {
      return false;
    }
    if (!isWholeProcess) {
      shimCgroup.leave();
    }
    const values = { ...words.values, hostCpuSeconds: 0 };
    const head = encodeLastWords({ ...words, values }).replace(/0\}\}$/, '');
    const baseNs = others * NS_PER_SECOND + shimCgroup.outsideNs;
    return (await guard.leaveWords({ head, baseNs, isAtExit: isWholeProcess })) || leaveLastWords(root, words);
  }

  /** CPU time of this process and of the guard; without a cgroup, of this process alone. */
  #readShimSeconds(): number {
    const { shimCgroup, shimSecondsOutside } = this.#options;
    if (shimCgroup !== undefined) {
      return (shimCgroup.outsideNs + shimCgroup.readNs()) / NS_PER_SECOND;
    }
    return readShimSeconds() - (shimSecondsOutside === undefined ? 0 : this.#shimSecondsAtLeaving - shimSecondsOutside);
  }

  /** Values of the workload, if processes replace the guest. */
  async #readWorkload(): Promise<FinalValues> {
    const { hypervisor, cgroup, procfs } = this.#options;
    if (hypervisor.guestUse.kind !== 'processes') {
      return {};
    }
    if (cgroup?.workload !== undefined) {
      return fromCgroup(await cgroup.workload.readUse(), await cgroup.workload.readMemoryPeak());
    }
    const children = readChildrenSeconds(procfs);
    return { cpuSeconds: children === undefined ? undefined : Math.max(0, children - this.#otherSeconds) };
  }

  /** Values of the host without the CPU time of the shim, which still increases. */
  async #readHost(): Promise<FinalValues> {
    const { cgroup, procfs, shimSecondsOutside, countedNs } = this.#options;
    const shimPeakBytes = shimSecondsOutside === undefined ? process.resourceUsage().maxRSS * BYTES_PER_KIB : 0;
    const { cpuSeconds, memoryPeakBytes } =
      cgroup === undefined
        ? { cpuSeconds: readChildrenSeconds(procfs), memoryPeakBytes: this.#peakBytes }
        : fromCgroup(await cgroup.readUse(), await cgroup.readMemoryPeak());
    return {
      hostCpuSeconds: cpuSeconds === undefined ? undefined : cpuSeconds - countedNs / NS_PER_SECOND,
      hostMemoryPeakBytes: memoryPeakBytes === undefined ? undefined : memoryPeakBytes + shimPeakBytes,
    };
  }

  async #try(what: string, read: () => Promise<void> | void): Promise<void> {
    try {
      await read();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.log.warn(`Cannot read the final values of ${what}: ${reason}`);
    }
  }
}

function describeEnd(end: SandboxEnd | undefined): { readonly reason: EndReason; readonly message: string } {
  if (end === undefined) {
    return { reason: 'stopped', message: '' };
  }
  const reason = end.isGuestPanic === true ? 'panicked' : end.isFailure ? 'failed' : 'finished';
  return { reason, message: end.reason };
}

async function readGuest(agent: Pick<AgentLink, 'getMetrics'>): Promise<FinalValues> {
  const result = await agent.getMetrics({ timeoutMs: AGENT_TIMEOUT_MS });
  if (result.kind === 'failed' || result.isLate === true) {
    return {};
  }
  const work = new PacedWork();
  const { body } = await work.run(checkAgentResult(result, new BodyChecker(agentPolicy)));
  return readGuestValues(body, work);
}

/**
 * The most memory that all containers of the guest have used together, as its kernel remembers it: `memory.peak` of the cgroup
 * above theirs, which our agent has made, and which StatsContainer finds by its name. Undefined where there is none, as with
 * other agents.
 */
async function readContainersPeak(agent: Pick<AgentLink, 'statsContainer'>): Promise<number | undefined> {
  const result = await agent.statsContainer(CONTAINERS_CGROUP, { timeoutMs: AGENT_TIMEOUT_MS });
  const peak = result.kind === 'ok' ? result.stats.cgroupStats?.memoryStats?.usage?.maxUsage : undefined;
  // 0 says that the kernel has no such file.
  return peak === undefined || peak === 0n ? undefined : Number(peak);
}

function readShimSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / US_PER_SECOND;
}

/** CPU time of exited children and of their exited children, in steps of 10 ms. See proc_pid_stat(5). */
function readChildrenSeconds(procfs: Procfs): number | undefined {
  const stat = readProcessStat(procfs, 'self');
  return stat?.cutimeTicks === undefined || stat.cstimeTicks === undefined
    ? undefined
    : (Number(stat.cutimeTicks) + Number(stat.cstimeTicks)) / TICKS_PER_SECOND;
}

function readCpuSeconds(procfs: Procfs, pid: number): number | undefined {
  const stat = readProcessStat(procfs, pid);
  return stat === undefined ? undefined : (Number(stat.utimeTicks) + Number(stat.stimeTicks)) / TICKS_PER_SECOND;
}

function readPeakBytes(procfs: Procfs, pid: number): number | undefined {
  const status = readProcessStatus(procfs, pid);
  const kib = status && findStatusKib(status, 'VmHWM');
  return kib === undefined ? undefined : Number(kib) * BYTES_PER_KIB;
}

/** Undefined where one is not known. */
function sum(values: readonly (number | undefined)[]): number | undefined {
  return values.reduce((total, value) => (total === undefined || value === undefined ? undefined : total + value), 0);
}

function defined(values: FinalValues): FinalValues {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
