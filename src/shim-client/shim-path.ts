/**
 * The paths that may be requested from a shim. Its socket is also the runtime's control plane (resize a volume, set iptables,
 * replace the policy), so the client sends only GET, and only to these paths, whatever its caller requests.
 */

import { parseExporterPath } from '../guest-exporters/index.ts';

export type ShimPath =
  | '/metrics'
  | '/agent-url'
  | '/debug/vars'
  | `/debug/pprof/${string}`
  | `/guest-exporter?${string}`
  /** Path of the API of Cloud Hypervisor, which is read like a shim. Reading the counters changes nothing. */
  | '/api/v1/vm.counters';

const plainPaths: ReadonlySet<string> = new Set(['/metrics', '/agent-url', '/debug/vars', '/api/v1/vm.counters']);
/** A page of the profiler with an optional query such as `?seconds=5&debug=1`. */
const profilePath = /^\/debug\/pprof\/[A-Za-z0-9_-]{0,64}(?:\?[A-Za-z0-9_=&.,+-]{0,512})?$/;

/** Whether `path` may be sent to a shim. */
export function isShimPath(path: string): path is ShimPath {
  return plainPaths.has(path) || profilePath.test(path) || parseExporterPath(path) !== undefined;
}
