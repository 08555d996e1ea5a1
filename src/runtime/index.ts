/**
 * The shim that containerd starts for pods in virtual machines: its task service, and what that needs on the host.
 */
export type { ShimCommand } from './command-line.ts';
export { serveShim } from './serve.ts';
