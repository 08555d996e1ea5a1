/**
 * kata-shim, the program of one sandbox on the host: its hypervisor, and the management server for the metrics of the
 * host and of the agent.
 */

export {
  defaultGuestDirectory,
  findGuestImage,
  type GuestImage,
  type GuestManifest,
  guestFileNames,
} from './guest-image.ts';
export { attachHypervisor } from './hypervisors/attached.ts';
export {
  FirecrackerCollector,
  type FirecrackerCollectorOptions,
} from './hypervisors/firecracker/collector/firecracker-collector.ts';
export type {
  Hypervisor,
  HypervisorContext,
  HypervisorIdentity,
  HypervisorKind,
  OpenHypervisor,
} from './hypervisors/hypervisor.ts';
export { startProcessHypervisor } from './hypervisors/process/start.ts';
export { proveAccelerator } from './hypervisors/qemu/accelerator.ts';
export { findQemu } from './hypervisors/qemu/qemu-program.ts';
export { type QemuOptions, startQemu } from './hypervisors/qemu/start.ts';
export { GUARD_NAME, type Guard, type GuardOptions, startGuard } from './processes/guard.ts';
export { quoteForShell } from './processes/quote-for-shell.ts';
export { runShimProgram, type ShimProgram } from './program.ts';
export { type RunningShim, type ShimOptions, startShim } from './start-shim.ts';
