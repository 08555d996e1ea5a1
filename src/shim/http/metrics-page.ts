/**
 * The response to GET /metrics: the host's metrics, the shim's own, and the agent's. The host's part waits for the agent no
 * longer than the agent's timeout, and does not depend on it.
 */
import {
  type CatalogFamily,
  type Collector,
  type CollectorProblem,
  collectFamilies,
  collectGoRuntime,
  collectNodeRuntime,
  collectOwnProcess,
  collectSkippedLines,
  type RuntimeObserver,
  readHeap,
  singleFamily,
} from '../../collectors/index.ts';
import { BodyChecker, TextTemplate } from '../../exposition/index.ts';
import { type Procfs, readProcessStat, type SkippedLines, snapshotOf } from '../../procfs/index.ts';
import { makeGrowthCollector, PacedWork } from '../../program/index.ts';
import { type CheckedAgentMetrics, checkAgentResult } from '../agent/agent-families.ts';
import type { AgentLink } from '../agent/agent-link.ts';
import { agentPolicy } from '../agent/agent-policy.ts';
import type { OverheadMeter } from '../overhead/overhead-meter.ts';
import { collectHostProcess, type HostProcess } from '../processes/host-processes.ts';
import { shownInterfacesOf } from '../processes/shown-interfaces.ts';
import type { ShimCounters } from '../shim-counters.ts';
import { toWireFamilies } from './wire-names.ts';

export interface MetricsPageOptions {
  readonly procfs: Procfs;
  /** Counts of what its readers have skipped. */
  readonly skipped: SkippedLines;
  readonly pageSizeBytes: number | undefined;
  readonly runtime: RuntimeObserver;
  readonly agent: AgentLink;
  readonly agentTimeoutMs: number;
  readonly counters: ShimCounters;
  /** The shim itself, the hypervisor and, where there is one, virtiofsd. */
  readonly processes: readonly HostProcess[];
  /** Metrics that only this kind of hypervisor has. */
  readonly hypervisorCollectors: readonly Collector<undefined>[];
  /** Whether the hypervisor reports that its machine is paused; undefined where there is none. */
  readonly isPaused: (() => boolean) | undefined;
  readonly overhead: OverheadMeter;
  readonly hasGoFamilies: boolean;
  /** Whether each interface of the host's network namespace is shown where a process is in that. */
  readonly hasAllInterfaces: boolean;
  readonly onProblem: (problem: CollectorProblem) => void;
}

export class MetricsPage {
  readonly #options: MetricsPageOptions;
  /** The processing of the guest's bytes. */
  readonly #work = new PacedWork();
  readonly #checker = new BodyChecker(agentPolicy);
  readonly #text = new TextTemplate();
  readonly #collectGrowth = makeGrowthCollector();

  constructor(options: MetricsPageOptions) {
    this.#options = options;
  }

  /** Text 0.0.4, in parts. Never rejects because of a process, the agent or the guest. */
  async render(): Promise<readonly Buffer[]> {
    const { counters, overhead, skipped } = this.#options;
    const procfs = snapshotOf(this.#options.procfs);
    const agentMetrics = this.#queryAgent();
    const [own, host, overheads, metrics] = await Promise.all([
      this.#collectOwn(procfs),
      this.#collectHost(procfs),
      overhead.measure(async () => (await agentMetrics).body, procfs),
      agentMetrics,
    ]);
    const families = [...own, ...host, ...overheads, ...metrics.families];
    // Last, so that the call just made is in its histogram.
    families.push(...counters.collect());
    families.push(...collectSkippedLines('kata_shim_skipped_lines', skipped));
    this.#collectGrowth();
    return [this.#text.encode(toWireFamilies(families)), metrics.body];
  }

  async #collectOwn(procfs: Procfs): Promise<readonly CatalogFamily[]> {
    const { pageSizeBytes, runtime, hasGoFamilies, onProblem } = this.#options;
    const context = { procfs, pageSizeBytes, runtime, heap: readHeap(), prefix: 'kata_shim_' } as const;
    const collectors = [
      { name: 'own-process', collect: collectOwnProcess },
      { name: 'node-runtime', collect: collectNodeRuntime },
      ...(hasGoFamilies ? [{ name: 'go-runtime', collect: collectGoRuntime }] : []),
    ];
    const { families, problems } = await collectFamilies<typeof context>(collectors, context);
    problems.forEach(onProblem);
    return families;
  }

  async #collectHost(procfs: Procfs): Promise<readonly CatalogFamily[]> {
    const { processes, hypervisorCollectors, hasAllInterfaces, onProblem } = this.#options;
    const shownInterfaces = hasAllInterfaces ? () => () => true : shownInterfacesOf;
    const metrics = await Promise.all([
      ...processes.map((process) => collectHostProcess(procfs, process, shownInterfaces)),
      collectFamilies(hypervisorCollectors, undefined),
    ]);
    metrics.flatMap(({ problems }) => problems).forEach(onProblem);
    return [...metrics.flatMap(({ families }) => families), ...this.#collectPaused(procfs)];
  }

  /** Absent when the process of the machine has ended. */
  #collectPaused(procfs: Procfs): readonly CatalogFamily[] {
    const { processes, isPaused } = this.#options;
    const machine = processes.find(({ prefix }) => prefix === 'kata_hypervisor_');
    if (isPaused === undefined || machine === undefined) {
      return [];
    }
    const stat = readProcessStat(procfs, machine.pid);
    const isStopped = stat?.startTimeTicks === machine.startTimeTicks && stat.state === 'T';
    return stat === undefined ? [] : [singleFamily('kata_hypervisor_paused', isPaused() || isStopped ? 1 : 0)];
  }

  async #queryAgent(): Promise<CheckedAgentMetrics> {
    const { agent, agentTimeoutMs } = this.#options;
    const result = await agent.getMetrics({ timeoutMs: agentTimeoutMs });
    const metrics = await this.#work.run(checkAgentResult(result, this.#checker));
    this.#report(metrics);
    return metrics;
  }

  #report({ refused, problem }: CheckedAgentMetrics): void {
    for (const [reason, samples] of refused) {
      this.#options.counters.countRefused(reason, samples);
    }
    if (problem !== undefined) {
      this.#options.onProblem({ collector: 'agent', message: problem });
    }
  }
}
