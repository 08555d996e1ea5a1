/**
 * The pod overhead as families: reads both sides at each request for metrics and keeps only the counters of the last one.
 * Concurrent requests share one measurement. The meaning of the metrics: docs/overhead.md.
 */
import { type CatalogFamily, type CollectorProblem, family } from '../../collectors/index.ts';
import type { Procfs } from '../../procfs/index.ts';
import type { StatsResult } from '../agent/agent-result.ts';
import { type ContainerStatsOptions, queryContainers } from '../agent/container-stats.ts';
import type { ProcessReference } from '../processes/host-processes.ts';
import { toContainersUse } from './container-use.ts';
import { GuestUseReader } from './guest-use.ts';
import { PodOverhead } from './pod-overhead.ts';
import { readProcessesUse } from './process-use.ts';
import type { SandboxCgroup } from './sandbox-cgroup.ts';
import { readSandboxUse } from './sandbox-use.ts';
import { NO_USE, type Use } from './use.ts';

/**
 * Source of the guest's part of the use. `agent`: the metrics of the guest. `processes`: there is no virtual machine, and
 * the processes of the workload replace the containers of a guest.
 */
export type GuestUseSource =
  | { readonly kind: 'agent' }
  | { readonly kind: 'processes'; readonly processes: readonly ProcessReference[] };

export interface OverheadMeterOptions {
  readonly procfs: Procfs;
  /** Processes that cost the host something for this sandbox, known at the time. */
  readonly hostProcesses: () => readonly ProcessReference[];
  /** Undefined where the sandbox has none. */
  readonly cgroup: SandboxCgroup | undefined;
  readonly guestUse: GuestUseSource;
  /** The containers in the guest; where there are none, its share is all that the guest uses. */
  readonly containers: ContainerStatsOptions;
  /** Milliseconds that only go up. */
  readonly now: () => number;
  readonly onProblem: (problem: CollectorProblem) => void;
  /** Called when the overhead can no longer be measured, with the reason, and with undefined when it can again. */
  readonly onLoss?: (reason: string | undefined) => void;
}

export class OverheadMeter {
  readonly #options: OverheadMeterOptions;
  readonly #overhead = new PodOverhead();
  readonly #guestUse = new GuestUseReader();
  #underWay: Promise<CatalogFamily[]> | undefined;
  #loss: string | undefined;

  constructor(options: OverheadMeterOptions) {
    this.#options = options;
  }

  /**
   * @param readText gives the agent's text after the checks. Rejects only when that does.
   * @param procfs of this scrape. Default: that of the options.
   */
  measure(readText: () => Promise<Buffer>, procfs = this.#options.procfs): Promise<CatalogFamily[]> {
    this.#underWay ??= this.#measure(readText, procfs).finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  async #measure(readText: () => Promise<Buffer>, procfs: Procfs): Promise<CatalogFamily[]> {
    const atMs = this.#options.now();
    const [host, guest] = await Promise.all([this.#readHost(procfs), this.#readGuest(readText, procfs)]);
    const { memoryBytes, cpuPercent } = this.#overhead.observe({ atMs, host, guest });
    return [
      family('kata_shim_pod_overhead_cpu', toSamples(cpuPercent)),
      family('kata_shim_pod_overhead_memory_in_bytes', toSamples(memoryBytes)),
    ];
  }

  #readHost(procfs: Procfs): Promise<Use> {
    const { hostProcesses, cgroup } = this.#options;
    return this.#orNoUse(() => readSandboxUse({ procfs, processes: hostProcesses(), cgroup }));
  }

  async #readGuest(readText: () => Promise<Buffer>, procfs: Procfs): Promise<Use> {
    const { guestUse, containers } = this.#options;
    if (guestUse.kind === 'processes') {
      return this.#orNoUse(() => readProcessesUse(procfs, guestUse.processes));
    }
    if (containers.ids.length === 0) {
      return this.#guestUse.read(await readText());
    }
    const results = await queryContainers(containers);
    this.#noteLoss(results);
    return toContainersUse(results);
  }

  /** A container that does not respond makes the whole overhead unknown, which is logged. */
  #noteLoss(results: ReadonlyMap<string, StatsResult>): void {
    const [failed] = [...results].flatMap(([id, result]) =>
      result.kind === 'failed' && result.reason !== 'not_found' ? [{ id, ...result }] : [],
    );
    const loss = failed && `container "${failed.id}": ${failed.reason}`;
    if (loss !== this.#loss) {
      this.#loss = loss;
      this.#options.onLoss?.(failed && `${loss}: ${failed.message}`);
    }
  }

  /** A value that cannot be read is omitted; the response is sent without it. */
  async #orNoUse(read: () => Use | Promise<Use>): Promise<Use> {
    try {
      return await read();
    } catch (error) {
      this.#options.onProblem({
        collector: 'overhead',
        message: error instanceof Error ? error.message : String(error),
      });
      return NO_USE;
    }
  }
}

function toSamples(value: number | undefined): { labels: Record<never, string>; value: number }[] {
  return value === undefined ? [] : [{ labels: {}, value }];
}
