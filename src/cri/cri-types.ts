/**
 * The facts that the container manager reports, in the form in which the other modules use them. Unknown numbers are
 * undefined, never 0.
 */

export interface CriVersion {
  /** `containerd`, `cri-o`. */
  readonly runtimeName: string;
  readonly runtimeVersion: string;
  /** Version of the interface that requests use. */
  readonly apiVersion: 'v1' | 'v1alpha2';
}

export interface CriPod {
  /** Id of the sandbox. */
  readonly id: string;
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  /** Nanoseconds since 1970. */
  readonly createdNs: bigint | undefined;
  /** The pod's Kubernetes labels. */
  readonly labels: Readonly<Record<string, string>>;
  /** The annotation that selects exporters in the guest, if the pod has it. */
  readonly guestExporters?: string;
  /** Handler of its RuntimeClass; empty for the default one. */
  readonly runtimeHandler?: string;
}

export interface CriContainer {
  readonly id: string;
  readonly podId: string;
  readonly name: string;
  /** Image as named in the specification of the pod; empty if unknown. */
  readonly image: string;
  readonly isRunning: boolean;
  /** Nanoseconds since 1970. */
  readonly createdNs: bigint | undefined;
}

export interface CriContainerStats {
  readonly containerId: string;
  /** Nanoseconds since 1970, of the latest read of any of these. */
  readonly readNs: bigint | undefined;
  readonly cpuUsageNs: bigint | undefined;
  readonly workingSetBytes: bigint | undefined;
  readonly memoryUsageBytes: bigint | undefined;
  readonly rssBytes: bigint | undefined;
  readonly pageFaults: bigint | undefined;
  readonly majorPageFaults: bigint | undefined;
  readonly filesystemUsedBytes: bigint | undefined;
  readonly filesystemInodesUsed: bigint | undefined;
  /** Path of the container's writable layer on the host; empty if unknown. */
  readonly filesystemMountpoint: string;
}
