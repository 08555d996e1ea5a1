/**
 * The families that figures are worked out from. Whoever leaves out families of a body asks here first.
 */
import { makerMarks } from './shim-runtime.ts';

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
  ...makerMarks,
  // It tells whether the host's part is whole.
  'process_open_fds',
]);

/** By the name that a family has in its body. */
export function isFigureInput(name: string): boolean {
  return inputs.has(name);
}
