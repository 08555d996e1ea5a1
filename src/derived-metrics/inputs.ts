/**
 * The families that metrics are derived from. A filter must not drop them before the derivation.
 */
import { runtimeMarks } from './shim-runtime.ts';

const inputs: ReadonlySet<string> = new Set([
  'kata_guest_cpu_time',
  'kata_guest_diskstat',
  'kata_guest_filesystem_bytes',
  'kata_guest_load',
  'kata_guest_meminfo',
  'kata_guest_netdev_stat',
  'kata_guest_tasks',
  'kata_guest_uptime_seconds',
  'kata_hypervisor_proc_stat',
  'kata_hypervisor_proc_status',
  'kata_shim_pod_overhead_memory_in_bytes',
  'kata_virtiofsd_proc_stat',
  'kata_virtiofsd_proc_status',
  ...runtimeMarks,
  // Shows whether the families of the host are complete.
  'process_open_fds',
]);

/** `name`: as in the body. */
export function isDerivedMetricInput(name: string): boolean {
  return inputs.has(name);
}
