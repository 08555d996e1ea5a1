/**
 * The counters of Cloud Hypervisor, over its API: read by the monitor, because no shim of a runtime passes them on.
 */
export { CountersReader, type CountersReaderOptions } from './counters-reader.ts';
export { type SandboxDevices, toHypervisorFamilies } from './families.ts';
export type { DeviceCounters } from './parse-counters.ts';
