/**
 * The families of /metrics/cadvisor, from the statistics of the container manager and the network statistics of the guest.
 */
import { type CadvisorFamilyName, cadvisorFamilies } from '../../catalog/index.ts';
import type { ContainerUsage, CriPod } from '../../cri/index.ts';
import type { MetricFamily, Sample } from '../../exposition/index.ts';

/** A value of the network of a pod, from its guest. */
export interface PodNetworkValue {
  readonly pod: CriPod;
  readonly name: CadvisorFamilyName;
  readonly interface: string;
  /** Text of the value, as the guest has sent it. */
  readonly value: string;
}

/** A value of a container from its guest. */
export interface GuestContainerValue {
  /** The sandbox that sent it. */
  readonly podId: string;
  readonly containerId: string;
  readonly name: CadvisorFamilyName;
  /** Text of the value, as the guest has sent it. */
  readonly value: string;
}

export interface ContainerFamiliesInput {
  readonly containers: readonly ContainerUsage[];
  readonly network: readonly PodNetworkValue[];
  /** Values from the guests. Those of containers that their sandbox does not have are dropped. */
  readonly ofGuests: readonly GuestContainerValue[];
  /** Inodes of the file system at a mount point, if known. */
  readonly countInodes: (mountpoint: string) => bigint | undefined;
}

/** cAdvisor's container name for what the containers of a pod share. */
const POD_CONTAINER = 'POD';
const NS_PER_SECOND = 1e9;

/** Sorted by name; families without samples are omitted. */
export function toContainerFamilies({
  containers,
  network,
  ofGuests,
  countInodes,
}: ContainerFamiliesInput): MetricFamily[] {
  const samples = new Map<CadvisorFamilyName, Sample[]>();
  const add = (name: CadvisorFamilyName, labels: Sample['labels'], value: Sample['value'] | undefined): void => {
    if (value === undefined) {
      return;
    }
    const known = samples.get(name);
    if (known === undefined) {
      samples.set(name, [{ labels, value }]);
    } else {
      known.push({ labels, value });
    }
  };
  for (const statistics of containers) {
    const labels = labelsOf(statistics);
    for (const [name, value] of valuesOf(statistics, countInodes)) {
      add(name, labels, value);
    }
    const { pageFaults, majorPageFaults } = statistics.stats;
    const failures = (type: string): Sample['labels'] => ({ ...labels, failure_type: type, scope: 'container' });
    add('container_memory_failures_total', failures('pgfault'), pageFaults);
    add('container_memory_failures_total', failures('pgmajfault'), majorPageFaults);
  }
  // A guest reports the containers of its pod only, and each once.
  const known = new Map(containers.map((usage) => [`${usage.pod.id} ${usage.container.id}`, labelsOf(usage)]));
  const added = new Set<string>();
  for (const { podId, containerId, name, value } of ofGuests) {
    const labels = known.get(`${podId} ${containerId}`);
    const key = `${name} ${podId} ${containerId}`;
    if (labels !== undefined && !added.has(key)) {
      added.add(key);
      add(name, labels, value);
    }
  }
  for (const { pod, name, interface: device, value } of network) {
    add(name, { ...podLabelsOf(pod), interface: device }, value);
  }
  return [...samples]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, ofName]) => ({
      name,
      type: cadvisorFamilies[name].type,
      help: cadvisorFamilies[name].help,
      samples: ofName,
    }));
}

function labelsOf({ pod, container }: ContainerUsage): Sample['labels'] {
  return {
    namespace: pod.namespace,
    pod: pod.name,
    container: container.name,
    image: container.image,
    id: container.id,
    name: container.id,
  };
}

function podLabelsOf({ namespace, name, id }: CriPod): Sample['labels'] {
  return { namespace, pod: name, container: POD_CONTAINER, image: '', id, name: id };
}

function valuesOf(
  { container, stats }: ContainerUsage,
  countInodes: ContainerFamiliesInput['countInodes'],
): [CadvisorFamilyName, Sample['value'] | undefined][] {
  return [
    ['container_cpu_usage_seconds_total', toSeconds(stats.cpuUsageNs)],
    ['container_memory_working_set_bytes', stats.workingSetBytes],
    ['container_memory_usage_bytes', stats.memoryUsageBytes],
    ['container_memory_rss', stats.rssBytes],
    ['container_fs_usage_bytes', stats.filesystemUsedBytes],
    ['container_fs_inodes_total', countInodes(stats.filesystemMountpoint)],
    ['container_last_seen', toSeconds(stats.readNs)],
    ['container_start_time_seconds', toSeconds(container.createdNs)],
  ];
}

/** A double holds nanoseconds of CPU time exactly for 104 days, and after that to the microsecond. */
function toSeconds(ns: bigint | undefined): number | undefined {
  return ns === undefined ? undefined : Number(ns) / NS_PER_SECOND;
}
