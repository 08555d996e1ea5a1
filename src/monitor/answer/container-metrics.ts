/**
 * Generates the response of /metrics/cadvisor: the statistics of the containers of Kata sandboxes, from the container manager
 * at the time of the request, and the network statistics of their guests.
 */
import { type CadvisorFamilyName, cadvisorFamilies } from '../../catalog/index.ts';
import { type ContainerUsage, CriError, type CriPod, readContainers } from '../../cri/index.ts';
import { negotiate, readSampleLine, type Scan } from '../../exposition/index.ts';
import type { PacedWork } from '../../program/index.ts';
import type { Sandbox } from '../../sandboxes/index.ts';
import type { CollectSandboxes, SandboxResult } from '../scrape/sandbox-result.ts';
import { type GuestContainerValue, type PodNetworkValue, toContainerFamilies } from './container-families.ts';
import { InodeCounter } from './inode-counter.ts';
import { planFamilies } from './join-plans.ts';
import { type MetricsResponse, type NodeRequest, refuse } from './metrics-responder.ts';
import type { Pods } from './pods.ts';
import { respondPlan } from './response-body.ts';

export interface ContainerMetricsOptions {
  readonly work: PacedWork;
  readonly pods: Pods;
  readonly collector: CollectSandboxes;
  /** Lists the current sandboxes. */
  readonly listSandboxes: (signal: AbortSignal) => Promise<readonly Sandbox[]>;
}

/** The names of cAdvisor for the network metrics that the monitor derives. */
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

/** The names of families of the guest's containers before and after this part are the same. */
const GUEST_CONTAINER = 'kata_guest_container_';

/** The name of cAdvisor for a family of the containers of a guest; undefined where it has none. */
function toCadvisorName(name: string): CadvisorFamilyName | undefined {
  if (!name.startsWith(GUEST_CONTAINER)) {
    return undefined;
  }
  const end = name.slice(GUEST_CONTAINER.length);
  const ofCadvisor = end === 'oom_kills_total' ? 'container_oom_events_total' : `container_${end}`;
  return Object.hasOwn(cadvisorFamilies, ofCadvisor) ? (ofCadvisor as CadvisorFamilyName) : undefined;
}

export class ContainerMetrics {
  readonly #options: ContainerMetricsOptions;
  readonly #inodes = new InodeCounter();
  #reading: Promise<readonly ContainerUsage[]> | undefined = undefined;

  constructor(options: ContainerMetricsOptions) {
    this.#options = options;
  }

  /** Responds with 503 when the container manager does not respond. */
  async respond({ accept, encoding, timeoutMs, signal }: NodeRequest): Promise<MetricsResponse> {
    const { collector, listSandboxes } = this.#options;
    const sandboxes = new Set((await listSandboxes(signal)).map(({ id }) => id));
    const read = this.#readContainers(timeoutMs);
    const collecting = collector.collect({ timeoutMs, signal });
    // If the client disconnects while the container manager is awaited, no caller would handle this rejection.
    collecting.catch(() => undefined);
    let containers: readonly ContainerUsage[];
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
    const ofGuests = results.flatMap(readGuestContainers);
    release();
    const countInodes = (mountpoint: string): bigint | undefined => inodes.get(mountpoint);
    const families = toContainerFamilies({ containers, network, ofGuests, countInodes });
    const { work } = this.#options;
    return respondPlan(planFamilies(families), { form: negotiate(accept), accept, encoding, work });
  }

  /** Concurrent requests share one response of the container manager. */
  #readContainers(timeoutMs: number): Promise<readonly ContainerUsage[]> {
    this.#reading ??= this.#options.pods.link
      .use((use) => readContainers(use, { isWanted: () => true }), timeoutMs)
      .finally(() => {
        this.#reading = undefined;
      });
    return this.#reading;
  }

  /** The network metrics of the pods that the container manager knows. */
  #readNetwork(results: readonly SandboxResult[], containers: readonly ContainerUsage[]): PodNetworkValue[] {
    const podOf = new Map(containers.map(({ pod }) => [pod.id, pod]));
    return results.flatMap(({ sandbox, derived }) => {
      const pod = podOf.get(sandbox.id) ?? this.#options.pods.find(sandbox.id);
      return pod === undefined || derived === undefined ? [] : readNetworkOf(pod, derived);
    });
  }
}

function readGuestContainers({ sandbox, scan: scanned }: SandboxResult): GuestContainerValue[] {
  return (scanned?.form.families ?? []).flatMap(({ name: familyName, segments }) => {
    const name = toCadvisorName(familyName);
    return name === undefined
      ? []
      : segments.flatMap(({ from, to }) =>
          Array.from({ length: to - from }, (_, i) => {
            const { labels, value } = readSampleLine(scanned!, from + i);
            const containerId = labels.find(([label]) => label === 'container_id')?.[1] ?? '';
            return { podId: sandbox.id, containerId, name, value };
          }),
        );
  });
}

function readNetworkOf(pod: CriPod, derived: Scan): PodNetworkValue[] {
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
