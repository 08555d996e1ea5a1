/**
 * The answer to GET /metrics: the host's figures, the shim's own, and the agent's. The host's side never waits for the
 * agent longer than the agent's budget, and does not depend on it.
 */
import {
  type CatalogFamily,
  type Collector,
  type CollectorProblem,
  collectFamilies,
  collectFromPromClient,
  collectGoRuntime,
  collectNodeRuntime,
  collectOwnProcess,
  family,
  type RuntimeObserver,
} from '../collectors/index.ts';
import { encodeText } from '../exposition/index.ts';
import type { Procfs } from '../procfs/index.ts';
import { type AgentFigures, checkAgentAnswer } from './agent-figures.ts';
import type { AgentLink } from './agent-link.ts';
import { readGuestUse } from './guest-use.ts';
import { collectHostProcess, type HostProcess, type ProcessReference, readUse } from './host-processes.ts';
import { PodOverhead, type Use } from './pod-overhead.ts';
import type { ShimCounters } from './shim-counters.ts';
import { toWireFamilies } from './wire-names.ts';

/**
 * Where the guest's share of the sandbox's use is read. `agent`: from the guest's own figures. `processes`: there is no
 * virtual machine; the workload's processes are what a guest's containers would be.
 */
export type GuestUseSource =
  | { readonly kind: 'agent' }
  | { readonly kind: 'processes'; readonly processes: readonly ProcessReference[] };

export interface MetricsPageOptions {
  readonly procfs: Procfs;
  readonly pageSizeBytes: number | undefined;
  readonly runtime: RuntimeObserver;
  readonly agent: AgentLink;
  readonly agentTimeoutMs: number;
  readonly counters: ShimCounters;
  /** The shim itself, the hypervisor and, where there is one, virtiofsd. */
  readonly processes: readonly HostProcess[];
  /** Processes that cost the host something for this sandbox, known at the time. */
  readonly hostProcesses: () => readonly ProcessReference[];
  /** Figures that only this kind of hypervisor has. */
  readonly hypervisorCollectors: readonly Collector<undefined>[];
  readonly guestUse: GuestUseSource;
  readonly hasGoFamilies: boolean;
  readonly now: () => number;
  readonly onProblem: (problem: CollectorProblem) => void;
}

export class MetricsPage {
  readonly #options: MetricsPageOptions;
  readonly #overhead: PodOverhead;

  constructor(options: MetricsPageOptions) {
    this.#options = options;
    this.#overhead = new PodOverhead(options.now);
  }

  /** Text 0.0.4. Never rejects for what a process, the agent or the guest does. */
  async render(): Promise<Buffer> {
    const { agent, agentTimeoutMs, counters } = this.#options;
    const [own, host, hostUse, answer] = await Promise.all([
      this.#collectOwn(),
      this.#collectHost(),
      this.#readHostUse(),
      agent.getMetrics({ timeoutMs: agentTimeoutMs }),
    ]);
    const figures = checkAgentAnswer(answer);
    this.#report(figures);
    const overhead = await this.#measureOverhead(hostUse, figures);
    const families = [...own, ...host, ...overhead, ...figures.families];
    // Last, so that the call just made is in its histogram.
    families.push(...(await collectFromPromClient(counters.registry)));
    return Buffer.concat([encodeText(toWireFamilies(families)), figures.body]);
  }

  async #collectOwn(): Promise<readonly CatalogFamily[]> {
    const { procfs, pageSizeBytes, runtime, hasGoFamilies, onProblem } = this.#options;
    const context = { procfs, pageSizeBytes, runtime, prefix: 'kata_shim_' } as const;
    const collectors = [
      { name: 'own-process', collect: collectOwnProcess },
      { name: 'node-runtime', collect: collectNodeRuntime },
      ...(hasGoFamilies ? [{ name: 'go-runtime', collect: collectGoRuntime }] : []),
    ];
    const { families, problems } = await collectFamilies<typeof context>(collectors, context);
    problems.forEach(onProblem);
    return families;
  }

  async #collectHost(): Promise<readonly CatalogFamily[]> {
    const { procfs, processes, hypervisorCollectors, onProblem } = this.#options;
    const figures = await Promise.all([
      ...processes.map((process) => collectHostProcess(procfs, process)),
      collectFamilies(hypervisorCollectors, undefined),
    ]);
    figures.flatMap(({ problems }) => problems).forEach(onProblem);
    return figures.flatMap(({ families }) => families);
  }

  #readHostUse(): Promise<Use> {
    return readUse(this.#options.procfs, this.#options.hostProcesses());
  }

  async #measureOverhead(hostUse: Use, figures: AgentFigures): Promise<CatalogFamily[]> {
    const { guestUse, procfs } = this.#options;
    const guest = guestUse.kind === 'agent' ? readGuestUse(figures.body) : await readUse(procfs, guestUse.processes);
    const { memoryBytes, cpuPercent } = this.#overhead.observe(hostUse, guest);
    return [
      family('kata_shim_pod_overhead_cpu', toSamples(cpuPercent)),
      family('kata_shim_pod_overhead_memory_in_bytes', toSamples(memoryBytes)),
    ];
  }

  #report({ refused, problem }: AgentFigures): void {
    for (const [reason, samples] of refused) {
      this.#options.counters.countRefused(reason, samples);
    }
    if (problem !== undefined) {
      this.#options.onProblem({ collector: 'agent', message: problem });
    }
  }
}

function toSamples(value: number | undefined): { labels: Record<never, string>; value: number }[] {
  return value === undefined ? [] : [{ labels: {}, value }];
}
