/**
 * ttrpc for Node: client and server of the RPC protocol between containerd, its shims and guest agents.
 * The entry point of this module, published as `kata-metrics/ttrpc`. The protocol and examples: docs/ttrpc.md.
 */

export { Code, codeName } from '../grpc/index.ts';
export type { CallOptions } from './call-options.ts';
export type { Requests } from './client-request.ts';
export { MAX_PAYLOAD_BYTES } from './frame.ts';
export { DEFAULT_MAX_CONCURRENT_CALLS, DEFAULT_MAX_STREAM_BUFFER_BYTES, type Limits } from './limits.ts';
export type { Metadata, MetadataInit } from './metadata.ts';
export { DEFAULT_GRACE_MS } from './server.ts';
export type {
  BidiStreamHandler,
  ClientStreamHandler,
  Handler,
  HandlerContext,
  ServerStreamHandler,
  ServiceImplementation,
  UnaryHandler,
} from './service.ts';
export { TtrpcClient, type TtrpcClientOptions } from './ttrpc-client.ts';
export { TtrpcError, type TtrpcErrorOptions } from './ttrpc-error.ts';
export { TtrpcServer, type TtrpcServerOptions } from './ttrpc-server.ts';
