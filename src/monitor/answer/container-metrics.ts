/**
 * Makes the answer of /metrics/cadvisor: the containers of Kata sandboxes as the container manager sees them at the moment
 * of the request, and the network of their guests.
 */
import type { CadvisorFamilyName } from '../../catalog/index.ts';
import { type ContainerFigures, CriError, type CriPod, readContainers } from '../../cri/index.ts';
import {
  contentTypeFor,
  keepNames,
  negotiate,
  noLabels,
  planMerge,
  readSampleLine,
  type Scan,
  tabulate,
} from '../../exposition/index.ts';
import type { PacedWork } from '../../program/index.ts';
import type { Sandbox } from '../../sandboxes/index.ts';
import type { CollectSandboxes, SandboxResult } from '../scrape/sandbox-result.ts';
import { expositionWriters, toBody } from './answer-body.ts';
import { type ContainersQuestion, type MetricsAnswer, refuse } from './answerer.ts';
import { type PodNetworkFigure, toContainerFamilies } from './container-families.ts';
import { InodeCounter } from './inode-counter.ts';
import type { Pods } from './pods.ts';

export interface ContainerMetricsOptions {
  readonly work: PacedWork;
  readonly pods: Pods;
  readonly collector: CollectSandboxes;
  /** The sandboxes that are there now. */
  readonly listSandboxes: (signal: AbortSignal) => Promise<readonly Sandbox[]>;
}

/** What dashboards call the figures that the monitor works out of a guest's network. */
const cadvisorNames: ReadonlyMap<string, CadvisorFamilyName> = new Map([
  ['kata_sandbox_network_receive_bytes_total', 'container_network_receive_bytes_total'],
  ['kata_sandbox_network_receive_packets_total', 'container_network_receive_packets_total'],
  ['kata_sandbox_network_receive_errors_total', 'container_network_receive_errors_total'],
  ['kata_sandbox_network_receive_dropped_total', 'container_network_receive_packets_dropped_total'],
  ['kata_sandbox_network_transmit_bytes_total', 'container_network_transmit_bytes_total'],
  ['kata_sandbox_network_transmit_packets_total', 'container_network_transmit_packets_total'],
  ['kata_sandbox_network_transmit_errors_total', 'container_network_transmit_errors_total'],
  ['kata_sandbox_network_transmit_dropped_total', 'container_network_transmit_packets_dropped_total'],
]);

export class ContainerMetrics {
  readonly #options: ContainerMetricsOptions;
  readonly #inodes = new InodeCounter();
  #reading: Promise<readonly ContainerFigures[]> | undefined = undefined;

  constructor(options: ContainerMetricsOptions) {
    this.#options = options;
  }

  /** 503 when the container manager does not answer: without it there is nothing to say. */
  async answer({ accept, acceptsGzip, timeoutMs, signal }: ContainersQuestion): Promise<MetricsAnswer> {
    const { collector, listSandboxes } = this.#options;
    const sandboxes = new Set((await listSandboxes(signal)).map(({ id }) => id));
    const read = this.#readContainers(timeoutMs);
    const collecting = collector.collect({ timeoutMs, signal });
    // The client may go while the container manager is waited for: nobody sees this rejection then.
    collecting.catch(() => undefined);
    let containers: readonly ContainerFigures[];
    try {
      containers = (await read).filter(({ pod }) => sandboxes.has(pod.id));
    } catch (error) {
      collecting.then(({ release }) => release()).catch(() => undefined);
      signal.throwIfAborted();
      if (error instanceof CriError) {
        return refuse(503, `Cannot read the containers of this node: ${error.message}`);
      }
      throw error;
    }
    const inodes = await this.#inodes.count(containers.map(({ stats }) => stats.filesystemMountpoint));
    const { results, release } = await collecting;
    const network = this.#readNetwork(results, containers);
    release();
    const countInodes = (mountpoint: string): bigint | undefined => inodes.get(mountpoint);
    const families = toContainerFamilies({ containers, network, countInodes });
    const plan = planMerge([{ id: '', scan: tabulate(families), labels: noLabels, naming: keepNames }]);
    const form = negotiate(accept);
    const body = toBody((pool) => expositionWriters[form](plan, pool), acceptsGzip, this.#options.work);
    return {
      status: 200,
      headers: { 'content-type': contentTypeFor(form, accept), ...body.headers },
      body: body.stream,
    };
  }

  /** Those who ask while others do share one answer of the container manager: two Prometheus servers cost it one. */
  #readContainers(timeoutMs: number): Promise<readonly ContainerFigures[]> {
    this.#reading ??= this.#options.pods.link
      .use((use) => readContainers(use, { isWanted: () => true }), timeoutMs)
      .finally(() => {
        this.#reading = undefined;
      });
    return this.#reading;
  }

  /** Of the pods that the container manager knows. */
  #readNetwork(results: readonly SandboxResult[], containers: readonly ContainerFigures[]): PodNetworkFigure[] {
    const podOf = new Map(containers.map(({ pod }) => [pod.id, pod]));
    return results.flatMap(({ sandbox, derived }) => {
      const pod = podOf.get(sandbox.id) ?? this.#options.pods.find(sandbox.id);
      return pod === undefined || derived === undefined ? [] : readNetworkOf(pod, derived);
    });
  }
}

function readNetworkOf(pod: CriPod, derived: Scan): PodNetworkFigure[] {
  return derived.form.families.flatMap(({ name: derivedName, segments }) => {
    const name = cadvisorNames.get(derivedName);
    return name === undefined
      ? []
      : segments.flatMap(({ from, to }) =>
          Array.from({ length: to - from }, (_, i) => {
            const { labels, value } = readSampleLine(derived, from + i);
            return { pod, name, interface: labels[0]?.[1] ?? '', value };
          }),
        );
  });
}
