/**
 * Reads the node for people: one collection, shared with the scrapes in progress, as objects of the API. Called by the
 * pages of the API, by the stream and by `kata-metrics top`.
 */
import { hostname } from 'node:os';
import {
  isHealthy,
  type NodeStatus,
  type SandboxDetail,
  type SandboxStatus,
  type Snapshot,
  sandboxStates,
} from '../../api/index.ts';
import { CriError, readContainers } from '../../cri/index.ts';
import type { Naming } from '../../exposition/index.ts';
import type { Discovery } from '../../sandboxes/index.ts';
import type { Pods } from '../answer/pods.ts';
import { startSecondsOf } from '../answer/sandbox-start.ts';
import type { SandboxStates } from '../answer/sandbox-states.ts';
import type { CollectSandboxes, SandboxResult } from '../scrape/sandbox-result.ts';
import type { NodeReading, ReadNodeRequest, ReadsNode } from './read-node.ts';
import { readFamilies } from './sandbox-families.ts';
import { readValues } from './sandbox-values.ts';

export interface NodeReaderParts {
  readonly collector: CollectSandboxes;
  readonly discovery: Pick<Discovery, 'excessCount' | 'roots'>;
  readonly pods: Pick<Pods, 'find' | 'link'>;
  readonly states: SandboxStates;
  /** Undefined without events. */
  readonly lastEventId?: () => string | undefined;
  readonly naming: Naming;
  /** Version of the package. */
  readonly version: string;
}

/** A container manager responds within milliseconds. */
const MAX_CONTAINERS_WAIT_MS = 1000;

export class NodeReader implements ReadsNode {
  readonly #parts: NodeReaderParts;

  constructor(parts: NodeReaderParts) {
    this.#parts = parts;
  }

  /** @throws the signal's reason */
  async read({ detailIds = new Set(), ...request }: ReadNodeRequest): Promise<NodeReading> {
    const { collector, pods, states } = this.#parts;
    const startMs = performance.now();
    const containers = detailIds.size === 0 ? [] : this.#readContainers(request.signal);
    const { results, release } = await collector.collect(request);
    try {
      const nowSeconds = Date.now() / 1000;
      states.note(results, (result) => startSecondsOf(result, pods), {
        nowSeconds,
        isWholeNode: request.sandboxIds === undefined,
      });
      const snapshot = this.toSnapshot(results, performance.now() - startMs);
      const details = this.#toDetails(results, snapshot.sandboxes, detailIds, await containers);
      return { snapshot, details };
    } finally {
      release();
    }
  }

  /** Describes the results of one collection, which took `durationMs`. The states must have noted them. */
  toSnapshot(results: readonly SandboxResult[], durationMs: number): Snapshot {
    const sandboxes = results.map((result) => this.#toStatus(result));
    return { node: this.#toNode(sandboxes, Date.now() / 1000, durationMs / 1000), sandboxes };
  }

  #toStatus(result: SandboxResult): SandboxStatus {
    const { sandbox, scan, derived, dropped, errors, message, durationMs, respondedMs, successAgeMs } = result;
    const pod = this.#parts.pods.find(sandbox.id);
    const known = this.#parts.states.of(sandbox.id);
    const state = known?.state ?? 'broken';
    return {
      id: sandbox.id,
      namespace: pod?.namespace ?? null,
      pod: pod?.name ?? null,
      uid: pod?.uid ?? null,
      node: null,
      root: sandbox.root,
      runtime: sandbox.runtime ?? null,
      startSeconds: startSecondsOf(result, this.#parts.pods),
      state,
      isHealthy: isHealthy({ state, reasons: errors }),
      stateSinceSeconds: known?.sinceSeconds ?? 0,
      restarts: known?.restarts ?? 0,
      reasons: errors,
      message: message ?? null,
      samples: scan?.form.sampleCount ?? 0,
      droppedSamples: [...dropped.values()].reduce((sum, count) => sum + count, 0),
      readSeconds: respondedMs === undefined ? null : respondedMs / 1000,
      scrapeSeconds: durationMs === undefined ? null : durationMs / 1000,
      lastSuccessAgeSeconds: successAgeMs === undefined ? null : successAgeMs / 1000,
      ...readValues(derived, scan),
      rates: null,
    };
  }

  #toNode(sandboxes: readonly SandboxStatus[], nowSeconds: number, seconds: number): NodeStatus {
    const { discovery, pods, version, lastEventId } = this.#parts;
    const count = (state: string): number => sandboxes.filter((sandbox) => sandbox.state === state).length;
    const cpu = process.cpuUsage();
    const cri = pods.link.state;
    return {
      hostname: hostname(),
      nodes: null,
      unreachableNodes: [],
      version,
      nodejs: process.version,
      startSeconds: performance.timeOrigin / 1000,
      nowSeconds,
      sandboxes: sandboxes.length,
      sandboxesByState: Object.fromEntries(
        sandboxStates.map((state) => [state, count(state)]),
      ) as NodeStatus['sandboxesByState'],
      sandboxesOverLimit: discovery.excessCount,
      unreadableRoots: discovery
        .roots()
        .flatMap(({ root, look, code }) => (look === 'unreadable' ? [`${root}: ${code ?? 'unknown'}`] : [])),
      containerManager: {
        isUp: cri?.kind === 'up',
        name: cri?.kind === 'up' ? cri.version.runtimeName : null,
        version: cri?.kind === 'up' ? cri.version.runtimeVersion : null,
        problem: cri?.kind === 'down' ? cri.problem : null,
      },
      lastEventId: lastEventId?.() ?? null,
      collection: {
        seconds,
        samples: sandboxes.reduce((sum, { samples }) => sum + samples, 0),
        problems: sandboxes.filter(({ reasons }) => reasons.length > 0).length,
      },
      process: { cpuSecondsTotal: (cpu.user + cpu.system) / 1e6, memoryBytes: process.memoryUsage.rss() },
    };
  }

  #toDetails(
    results: readonly SandboxResult[],
    sandboxes: readonly SandboxStatus[],
    ids: ReadonlySet<string>,
    containers: readonly ContainerOfPod[],
  ): Map<string, SandboxDetail> {
    const details = new Map<string, SandboxDetail>();
    for (const [i, result] of results.entries()) {
      const { id } = result.sandbox;
      if (ids.has(id)) {
        details.set(id, {
          sandbox: sandboxes[i]!,
          containers: containers.filter(({ podId }) => podId === id).map(({ container }) => container),
          families: readFamilies(result, this.#parts.naming),
        });
      }
    }
    return details;
  }

  /** None when the container manager does not respond: the node shows that. Never rejects, except for a bug. */
  async #readContainers(signal: AbortSignal): Promise<ContainerOfPod[]> {
    const { link } = this.#parts.pods;
    if (link.state?.kind !== 'up') {
      return [];
    }
    try {
      const options = { isWanted: () => true, signal };
      const usages = await link.use((use) => readContainers(use, options), MAX_CONTAINERS_WAIT_MS);
      return usages.map(({ pod, container, stats }) => ({
        podId: pod.id,
        container: {
          id: container.id,
          name: container.name,
          image: container.image,
          cpuSecondsTotal: stats.cpuUsageNs === undefined ? null : Number(stats.cpuUsageNs) / 1e9,
          memoryBytes: stats.workingSetBytes === undefined ? null : Number(stats.workingSetBytes),
        },
      }));
    } catch (error) {
      if (error instanceof CriError || signal.aborted) {
        return [];
      }
      throw error;
    }
  }
}

interface ContainerOfPod {
  readonly podId: string;
  readonly container: SandboxDetail['containers'][number];
}
