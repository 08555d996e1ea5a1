/**
 * The component whose start resets the counters of a family, by the name of the family.
 */

/** `guest`: its boot. `shim`, `monitor`: the start of that process. `other`: other processes and cgroups of the host. */
export type Origin = 'guest' | 'monitor' | 'other' | 'shim';

const ofGuest = /^kata_(?:agent|guest|sandbox)_/;
const ofHost = /^kata_sandbox_(?:host|cgroup|pressure|overhead|restarts|starts|final)_/;
const ofMonitor = /^kata_monitor_/;
/** Families of the shim itself, without those of the cgroup of the sandbox and of its exporters. */
const ofShim = /^kata_shim_(?!exporter_|pod_|sandbox_)/;

/** `family`: as in /metrics. */
export function originOf(family: string): Origin {
  if (ofMonitor.test(family)) {
    return 'monitor';
  }
  if (ofShim.test(family)) {
    return 'shim';
  }
  return ofGuest.test(family) && !ofHost.test(family) ? 'guest' : 'other';
}
