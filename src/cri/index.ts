/**
 * Reads the pods, containers and statistics of a node from the container manager, over the Container Runtime Interface (CRI).
 */
export { CriError, type CriErrorCode } from './cri-error.ts';
export { CriLink, type CriLinkOptions, type CriState, type CriUse } from './cri-link.ts';
export type { CriContainer, CriContainerStats, CriPod, CriVersion } from './cri-types.ts';
export { knownCriSockets } from './known-sockets.ts';
export { PodDirectory, type PodDirectoryOptions } from './pod-directory.ts';
export { type PodLabel, type SandboxLabels, toPodLabels, toSandboxLabels } from './pod-labels.ts';
export { type ContainerUsage, type ReadContainersOptions, readContainers } from './read-containers.ts';
