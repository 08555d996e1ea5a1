/**
 * The default sockets of container managers.
 */

/** Sockets in the order in which they are tried: containerd, CRI-O, then distributions with their own containerd. */
export const knownCriSockets: readonly string[] = [
  '/run/containerd/containerd.sock',
  '/run/crio/crio.sock',
  '/run/k3s/containerd/containerd.sock',
  '/var/snap/microk8s/common/run/containerd.sock',
  '/run/k0s/containerd.sock',
];
