/**
 * The program of one sandbox on the host: the management server over the host's figures and the agent's.
 */

export { type Guard, type GuardOptions, startGuard } from './guard.ts';
export {
  defaultGuestDirectory,
  findGuestImage,
  type GuestImage,
  type GuestManifest,
  guestFileNames,
} from './guest-image.ts';
export { proveAccelerator } from './hypervisors/accelerator.ts';
export { attachHypervisor } from './hypervisors/attached.ts';
export type {
  Hypervisor,
  HypervisorContext,
  HypervisorIdentity,
  HypervisorKind,
  OpenHypervisor,
} from './hypervisors/hypervisor.ts';
export { startProcessHypervisor } from './hypervisors/process.ts';
export { findQemu } from './hypervisors/qemu-program.ts';
export { runShimProgram, type ShimProgram } from './program.ts';
export { quoteForShell } from './quote-for-shell.ts';
export { type RunningShim, type ShimOptions, startShim } from './start-shim.ts';
