/**
 * A ttrpc client connected to a server of the Echo service, for the tests of src/ttrpc.
 */
import { afterEach, beforeEach, type Mock, vi } from 'vitest';
import {
  type ServiceImplementation,
  TtrpcClient,
  type TtrpcClientOptions,
  TtrpcServer,
  type TtrpcServerOptions,
} from '../../src/ttrpc/index.ts';
import { Echo } from '../proto/gen/echo_pb.ts';
import { openStreamPair, type PairKind } from './stream-pair.ts';

export interface EchoPair {
  /** Starts a server with these handlers; gives a client of it. Once in a test. */
  start(
    handlers: ServiceImplementation<typeof Echo>,
    options?: { client?: TtrpcClientOptions; server?: TtrpcServerOptions },
  ): Promise<TtrpcClient>;
  /** What the server is told of handlers that throw. */
  readonly onHandlerError: Mock;
}

/** Call it in a `describe`: both sides are closed after each of its tests. */
export function useEchoPair(kind: PairKind): EchoPair {
  const onHandlerError = vi.fn();
  const started: [TtrpcClient, TtrpcServer][] = [];

  beforeEach(() => {
    onHandlerError.mockReset();
  });

  afterEach(async () => {
    for (const [client, server] of started.splice(0)) {
      client.close();
      await client.closed;
      await server.shutdown();
    }
  });

  return {
    onHandlerError,
    async start(handlers, options = {}) {
      const [near, far] = await openStreamPair(kind);
      const server = new TtrpcServer({ onHandlerError, ...options.server }).addService(Echo, handlers);
      server.accept(far);
      const client = new TtrpcClient(near, options.client);
      started.push([client, server]);
      return client;
    },
  };
}

/** Resolves when the signal is aborted, with its reason. */
export function aborted(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(signal.reason), { once: true });
  });
}

/** All messages of a stream, when it has ended. */
export async function collect<T>(messages: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const message of messages) {
    all.push(message);
  }
  return all;
}
