/**
 * One GET over a connection of its own: for programs that ask a shim now and then, and keep nothing.
 */
import type { ShimAnswer } from './answer.ts';
import { ShimClient, type ShimRequest } from './shim-client.ts';

/** As `ShimClient.get`, without a client to close. */
export function getFromShim(request: ShimRequest): Promise<ShimAnswer> {
  return new ShimClient({ maxIdleConnections: 0 }).get(request);
}
