/**
 * Client and server for services whose messages are tables of `wire`: without protobuf-es, which takes more memory than all
 * the rest of ttrpc. `index.ts` has those for services of protoc-gen-es.
 */

export { Code } from '../grpc/index.ts';
export { type ClientOptions, CoreClient } from './client.ts';
export type { InitOf, ShapeOf } from './message-types.ts';
export { CoreServer, type ServerOptions } from './server.ts';
export type { ServiceImplementation } from './service.ts';
export { TtrpcError } from './ttrpc-error.ts';
