/**
 * What may be asked of a shim. Its socket is also the runtime's control plane (resize a volume, set iptables, replace the
 * policy), so the client sends GET and only to these paths, whatever its caller was told to ask for.
 */

export type ShimPath = '/metrics' | '/agent-url' | '/debug/vars' | `/debug/pprof/${string}`;

const plainPaths: ReadonlySet<string> = new Set(['/metrics', '/agent-url', '/debug/vars']);
/** A page of the profiler, and a query such as `?seconds=5&debug=1`. */
const profilePath = /^\/debug\/pprof\/[A-Za-z0-9_-]{0,64}(?:\?[A-Za-z0-9_=&.,+-]{0,512})?$/;

/** Whether `path` may be sent to a shim. */
export function isShimPath(path: string): path is ShimPath {
  return plainPaths.has(path) || profilePath.test(path);
}
