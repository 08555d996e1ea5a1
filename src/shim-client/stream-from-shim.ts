/**
 * One GET to a shim whose body is streamed at the pace of its reader, for pages of many megabytes. Uses a separate
 * connection.
 */
import { Readable } from 'node:stream';
import { ShimConnection } from './connection.ts';
import { exchange } from './exchange.ts';
import type { ShimFailure, ShimHeaders } from './result.ts';
import { checkRequest, type ShimRequest } from './shim-client.ts';

export interface ShimStream {
  readonly kind: 'stream';
  /** Any status, not only 200. */
  readonly status: number;
  readonly headers: ShimHeaders;
  /** Fails when the response is incomplete or exceeds `maxBytes`. Destroying it cancels the request. */
  readonly body: Readable;
}

const READ_BUFFER_BYTES = 64 * 1024;

/**
 * Resolves when the head of the response has arrived, or with the failure before that.
 * @throws {RangeError} for a path that may not be sent to a shim, or an invalid limit.
 */
export async function streamFromShim(
  request: Omit<ShimRequest, 'allocate' | 'limitBytes'>,
): Promise<ShimFailure | ShimStream> {
  checkRequest(request);
  const { socketPath, signal, ...rest } = request;
  const left = new AbortController();
  const connection = new ShimConnection(socketPath, Buffer.allocUnsafeSlow(READ_BUFFER_BYTES));
  const body = new Readable({
    read: () => connection.resume(),
    destroy: (error, callback) => {
      left.abort();
      callback(error);
    },
  });
  const { promise, resolve } = Promise.withResolvers<ShimFailure | ShimStream>();
  let hasHead = false;
  const exchanged = exchange(connection, {
    ...rest,
    isKeptAlive: false,
    signal: signal === undefined ? left.signal : AbortSignal.any([signal, left.signal]),
    onHead: ({ status, headers }) => {
      hasHead = true;
      resolve({ kind: 'stream', status, headers, body });
    },
    onBytes: (bytes) => {
      if (!body.push(bytes)) {
        connection.pause();
      }
    },
  });
  void exchanged.then(({ result }) => {
    const isWhole = result.kind === 'ok' || result.reason === 'http_status';
    if (!hasHead && result.kind === 'failed') {
      resolve(result);
    } else if (isWhole) {
      body.push(null);
    } else {
      body.destroy(new Error(result.message));
    }
  });
  return promise;
}
