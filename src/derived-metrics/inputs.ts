/**
 * The families that metrics and the state of a sandbox are derived from. A filter must not drop them before the derivation.
 */
import type { FamilyChoice } from '../exposition/index.ts';
import { lifecycleInputs } from './lifecycle-facts.ts';
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
  ...lifecycleInputs,
  // Shows whether the families of the host are complete.
  'process_open_fds',
]);

/** Families of which only some items are read; they have many more. */
const itemInputs: ReadonlyMap<string, { readonly item: readonly string[] }> = new Map([
  ['kata_guest_vm_stat', { item: ['oom_kill', 'pgmajfault'] }],
]);

/** `name`: as in the body. */
export function isDerivedMetricInput(name: string): boolean {
  return inputs.has(name) || itemInputs.has(name);
}

/**
 * Returns what must be scanned of a family: `wanted` and the lines that metrics are derived from. Returns `wanted` itself
 * if it includes them.
 */
export function addDerivedMetricInputs(name: string, wanted: FamilyChoice): FamilyChoice {
  const needed = itemInputs.get(name);
  if (needed === undefined || wanted === 'all') {
    return inputs.has(name) ? 'all' : wanted;
  }
  if (wanted === 'none') {
    return needed;
  }
  const { item: items, ...others } = wanted;
  const isByItem = items !== undefined && !('not' in items) && Object.keys(others).length === 0;
  if (!isByItem) {
    return 'all';
  }
  return needed.item.every((item) => items.includes(item))
    ? wanted
    : { item: [...new Set([...items, ...needed.item])] };
}
