/**
 * One GET to a shim whose body is passed on as it comes, at the pace of its reader: for pages of many megabytes. Has a
 * connection to itself.
 */
import { Readable } from 'node:stream';
import type { ShimFailure, ShimHeaders } from './answer.ts';
import { ShimConnection } from './connection.ts';
import { exchange } from './exchange.ts';
import { checkRequest, type ShimRequest } from './shim-client.ts';

export interface ShimStream {
  readonly kind: 'stream';
  /** Of any kind, not only 200. */
  readonly status: number;
  readonly headers: ShimHeaders;
  /** Ends with an error where the response does not end well, or is longer than `maxBytes`. Destroying it ends the request. */
  readonly body: Readable;
}

const READ_BUFFER_BYTES = 64 * 1024;

/**
 * Resolves as soon as the head of the response is there, or with what failed before.
 * @throws {RangeError} for a path that may not be sent to a shim, or a limit that is none.
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
  const result = exchange(connection, {
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
  void result.then(({ answer }) => {
    const isWhole = answer.kind === 'ok' || answer.reason === 'http_status';
    if (!hasHead && answer.kind === 'failed') {
      resolve(answer);
    } else if (isWhole) {
      body.push(null);
    } else {
      body.destroy(new Error(answer.message));
    }
  });
  return promise;
}
