/**
 * containerd-shim-kata-v2, the shim that containerd starts for pods in virtual machines: its task service, and the network, volumes
 * and cgroups that it needs on the host.
 */
export type { ShimCommand } from './command-line.ts';
export { serveShim } from './serve.ts';
