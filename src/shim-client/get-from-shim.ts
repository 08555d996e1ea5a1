/**
 * One GET over a separate connection, for programs that query a shim occasionally and keep no connections.
 */
import type { ShimResult } from './result.ts';
import { ShimClient, type ShimRequest } from './shim-client.ts';

/** Like `ShimClient.get`, without a client to close. */
export function getFromShim(request: ShimRequest): Promise<ShimResult> {
  return new ShimClient({ maxIdleConnections: 0 }).get(request);
}
