/**
 * The pods of the sandboxes: combines the directory of pods with the link to the container manager, and provides the labels
 * and families of a scrape. No scrape waits longer than a moment for the container manager.
 */
import { catalog } from '../../catalog/index.ts';
import { type CatalogFamily, family, singleFamily } from '../../collectors/index.ts';
import {
  CriLink,
  type CriPod,
  type CriState,
  PodDirectory,
  type PodLabel,
  type SandboxLabels,
  toSandboxLabels,
} from '../../cri/index.ts';
import { ExtraLabels } from '../../exposition/index.ts';
import { type Clock, systemClock } from '../../program/index.ts';
import type { Sandbox } from '../../sandboxes/index.ts';
import type { Log } from './log.ts';

export interface PodsOptions {
  /** Sockets of the container manager, tried in this order. */
  readonly socketPaths: readonly string[];
  /** Labels of `kata_sandbox_labels`, which is omitted without any. */
  readonly podLabels: readonly PodLabel[];
  readonly log: Log;
  readonly clock?: Clock;
  /** Called when the pod of a sandbox is found. */
  readonly onNamed?: (sandboxId: string) => void;
}

/** The labels of a sandbox, cached until its pod changes. */
interface Known {
  readonly pod: CriPod | undefined;
  readonly labels: SandboxLabels;
  readonly extraLabels: ExtraLabels;
  /** Labels without those of the pod. */
  readonly idLabels: ExtraLabels;
}

export class Pods {
  readonly link: CriLink;
  readonly #podLabels: readonly PodLabel[];
  readonly #directory: PodDirectory;
  readonly #known = new Map<string, Known>();

  constructor({ socketPaths, podLabels, log, clock = systemClock, onNamed }: PodsOptions) {
    this.#podLabels = podLabels;
    this.link = new CriLink({
      socketPaths,
      clock,
      onState: (state) => {
        logState(state, log);
        if (state.kind === 'up') {
          this.#directory.retry();
        }
      },
    });
    this.#directory = new PodDirectory({
      clock,
      onFound: ({ id }) => onNamed?.(id),
      listPods: (id) =>
        this.link.use(({ client, timeoutMs }) => client.listPods(id === undefined ? { timeoutMs } : { timeoutMs, id })),
    });
  }

  /** Starts to connect to the container manager, without waiting. */
  start(): void {
    void this.link.connect();
  }

  /** Updates the current sandboxes. */
  setSandboxes(sandboxes: readonly Sandbox[]): void {
    const ids = new Set(sandboxes.map(({ id }) => id));
    this.#directory.setSandboxes(ids);
    for (const id of this.#known.keys()) {
      if (!ids.has(id)) {
        this.#known.delete(id);
      }
    }
  }

  /** The pod of a sandbox, if known. */
  find(sandboxId: string): CriPod | undefined {
    return this.#directory.find(sandboxId);
  }

  labelsOf(sandboxId: string): SandboxLabels {
    return this.#get(sandboxId).labels;
  }

  /** The same labels, encoded for samples. */
  extraLabelsOf(sandboxId: string): ExtraLabels {
    return this.#get(sandboxId).extraLabels;
  }

  /** Only the label `sandbox_id`, encoded for samples. */
  idLabelsOf(sandboxId: string): ExtraLabels {
    return this.#get(sandboxId).idLabels;
  }

  /** Whether the container manager responds; waits at most a moment. */
  async collectOwn(): Promise<CatalogFamily[]> {
    await this.link.check();
    const { state } = this.link;
    if (state?.kind !== 'up') {
      return [singleFamily('kata_monitor_cri_up', 0)];
    }
    const { runtimeName, runtimeVersion, apiVersion } = state.version;
    const labels = { runtime_name: runtimeName, runtime_version: runtimeVersion, api_version: apiVersion };
    return [singleFamily('kata_monitor_cri_up', 1), family('kata_monitor_cri_info', [{ labels, value: 1 }])];
  }

  /** The families of these sandboxes from the container manager. */
  collectSandboxFamilies(sandboxIds: readonly string[]): CatalogFamily[] {
    const known = sandboxIds.map((id) => this.#get(id)).filter(hasPod);
    const created = known.flatMap(({ labels, pod }) =>
      pod.createdNs === undefined ? [] : [{ labels, value: toSeconds(pod.createdNs) }],
    );
    const families = [family('kata_sandbox_created_seconds', created)];
    if (known.length > 0) {
      const handlers = known.map(({ labels, pod }) => ({
        labels: { ...labels, runtime_handler: pod.runtimeHandler ?? '' },
        value: 1,
      }));
      families.push(family('kata_sandbox_runtime_info', handlers));
    }
    if (this.#podLabels.length > 0) {
      const name = 'kata_sandbox_labels';
      const { type, help } = catalog[name];
      const samples = known.map(({ labels, pod }) => ({ labels: { ...labels, ...this.#pickLabels(pod) }, value: 1 }));
      families.push({ name, type, help, samples });
    }
    return families;
  }

  close(): void {
    this.#directory.close();
    this.link.close();
  }

  #get(sandboxId: string): Known {
    const pod = this.#directory.find(sandboxId);
    let known = this.#known.get(sandboxId);
    if (known === undefined || known.pod !== pod) {
      const labels = toSandboxLabels(sandboxId, pod);
      const idLabels = new ExtraLabels({ sandbox_id: sandboxId });
      known = { pod, labels, extraLabels: new ExtraLabels({ ...labels }), idLabels };
      this.#known.set(sandboxId, known);
    }
    return known;
  }

  /** Labels that the pod does not have are omitted, which Prometheus treats like empty labels. */
  #pickLabels({ labels }: CriPod): Record<string, string> {
    const picked: Record<string, string> = {};
    for (const { name, metricLabel } of this.#podLabels) {
      const value = labels[name];
      if (value !== undefined) {
        picked[metricLabel] = value;
      }
    }
    return picked;
  }
}

function hasPod(known: Known): known is Known & { readonly pod: CriPod } {
  return known.pod !== undefined;
}

/** Rounds to milliseconds, which a double of this magnitude represents without noise digits. */
function toSeconds(ns: bigint): number {
  return Number(ns / 1_000_000n) / 1000;
}

function logState(state: CriState, log: Log): void {
  if (state.kind === 'up') {
    const { socketPath, version } = state;
    log.info({ socketPath, ...version }, 'Container manager responds');
  } else {
    log.warn({ problem: state.problem }, 'Container manager does not respond: new sandboxes have no pod labels');
  }
}
