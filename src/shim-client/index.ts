/**
 * One GET over the socket of a shim, with a deadline and a limit in bytes.
 */

export type { ShimFailure, ShimFailureReason, ShimHeaders, ShimOk, ShimResult } from './result.ts';
export { NO_LISTENER } from './result.ts';
export { getFromShim, ShimClient, type ShimClientOptions, type ShimRequest } from './shim-client.ts';
export { isShimPath, type ShimPath } from './shim-path.ts';
export { type ShimStream, streamFromShim } from './stream-from-shim.ts';
