/**
 * Reads the running containers of a node's Kata sandboxes with their statistics, at the time of the call. For
 * /metrics/cadvisor and `kata-metrics stats`.
 */
import type { CriUse } from './cri-link.ts';
import type { CriContainer, CriContainerStats, CriPod } from './cri-types.ts';

export interface ContainerUsage {
  readonly container: CriContainer;
  readonly pod: CriPod;
  readonly stats: CriContainerStats;
}

export interface ReadContainersOptions {
  readonly signal?: AbortSignal;
  /** Whether a pod is one of those; all others never appear. */
  readonly isWanted: (pod: CriPod) => boolean;
}

/**
 * Returns the containers sorted by namespace, pod and container. Containers without statistics are omitted.
 * @throws {CriError}
 */
export async function readContainers(
  { client, timeoutMs }: CriUse,
  { isWanted, signal }: ReadContainersOptions,
): Promise<readonly ContainerUsage[]> {
  const options = { timeoutMs, signal };
  const [pods, containers, stats] = await Promise.all([
    client.listPods(options),
    client.listContainers(options),
    client.listContainerStats(options),
  ]);
  const podOf = new Map(pods.filter(isWanted).map((pod) => [pod.id, pod]));
  const statsOf = new Map(stats.map((each) => [each.containerId, each]));
  const usages: ContainerUsage[] = [];
  // Each once: a container that is listed twice would be two samples of one series.
  for (const container of new Map(containers.map((each) => [each.id, each])).values()) {
    const pod = podOf.get(container.podId);
    const ofContainer = statsOf.get(container.id);
    if (pod !== undefined && ofContainer !== undefined && container.isRunning) {
      usages.push({ container, pod, stats: ofContainer });
    }
  }
  return usages.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

/** A line feed is in no name and sorts before everything that is. */
function keyOf({ pod, container }: ContainerUsage): string {
  return [pod.namespace, pod.name, container.name, container.id].join('\n');
}
