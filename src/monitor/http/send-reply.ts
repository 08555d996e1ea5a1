/**
 * Sends the reply of a page over node:http. A body that is a stream is sent as fast as the client reads it; without a client
 * it is destroyed. Called by the server.
 */
import type { ServerResponse } from 'node:http';
import { finished, Readable } from 'node:stream';
import type { PageReply } from './pages/page.ts';

/** The reply to an error of a body before its first byte; later ones cut the connection. */
export type ToReply = (error: Error) => PageReply;

/** A client that takes nothing for so long has left without a sign, and keeps others from one of the few streams. */
const STALL_MS = 60_000;

/** Sends only the head in response to HEAD. `headers` replace those of the reply. */
export function sendReply(
  response: ServerResponse,
  { status, headers: ownHeaders, body }: PageReply,
  headers: Readonly<Record<string, string>>,
  toReply: ToReply,
  stallMs = STALL_MS,
): void {
  for (const [name, value] of Object.entries({ ...ownHeaders, ...headers })) {
    response.setHeader(name, value);
  }
  response.statusCode = status;
  if (ownHeaders['content-type'] === 'text/event-stream') {
    cutOffStalled(response, stallMs);
  }
  if (typeof body !== 'string' && !Buffer.isBuffer(body)) {
    sendStream(response, body instanceof Readable ? body : Readable.from(body, { objectMode: false }), (error) => {
      for (const name of response.getHeaderNames()) {
        response.removeHeader(name);
      }
      sendReply(response, toReply(error), headers, toReply);
    });
    return;
  }
  if (status !== 304) {
    response.setHeader('content-length', Buffer.byteLength(body));
  }
  response.end(body);
}

/** Other responses have their own limit, or begin late; a stream of events has none, and may be silent for long. */
function cutOffStalled(response: ServerResponse, stallMs: number): void {
  response.setTimeout(stallMs, () => {
    if (response.writableLength > 0) {
      response.destroy();
    }
  });
}

function sendStream(response: ServerResponse, body: Readable, onEarlyError: (error: Error) => void): void {
  if (response.req.method === 'HEAD') {
    body.once('error', () => undefined);
    body.destroy();
    response.end();
    return;
  }
  response.once('close', () => body.destroy());
  finished(body, { writable: false }, (error) => {
    if (error === undefined || error === null || response.destroyed) {
      return;
    }
    if (response.headersSent) {
      response.destroy();
    } else {
      onEarlyError(error);
    }
  });
  body.pipe(response);
}
