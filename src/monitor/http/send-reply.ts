/**
 * Sends the reply of a page over node:http. A body that is a stream is sent as fast as the client reads it; without a client
 * it is destroyed. Called by the server.
 */
import type { ServerResponse } from 'node:http';
import { finished, Readable } from 'node:stream';
import type { PageReply } from './pages/page.ts';

/** The reply to an error of a body before its first byte; later ones cut the connection. */
export type ToReply = (error: Error) => PageReply;

/** Sends only the head in response to HEAD. `headers` replace those of the reply. */
export function sendReply(
  response: ServerResponse,
  { status, headers: ownHeaders, body }: PageReply,
  headers: Readonly<Record<string, string>>,
  toReply: ToReply,
): void {
  for (const [name, value] of Object.entries({ ...ownHeaders, ...headers })) {
    response.setHeader(name, value);
  }
  response.statusCode = status;
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
