/**
 * One GET over one shim's socket, with a deadline and a bound in bytes.
 */
export type { ShimAnswer, ShimFailure, ShimFailureReason, ShimHeaders, ShimOk } from './answer.ts';
export { getFromShim } from './get-from-shim.ts';
export { ShimClient, type ShimClientOptions, type ShimRequest } from './shim-client.ts';
export { isShimPath, type ShimPath } from './shim-path.ts';
export { type ShimStream, streamFromShim } from './stream-from-shim.ts';
