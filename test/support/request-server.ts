/**
 * Sends one request to an HTTP server of this process, which listens from the first request on. The
 * path is sent as it is.
 */
import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface TestRequest {
  readonly url: string;
  /** Default: GET. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly payload?: string;
}

export interface TestResponse {
  readonly statusCode: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly rawPayload: Buffer;
}

/** The port on 127.0.0.1. */
export async function portOf(server: Server): Promise<number> {
  if (!server.listening) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }
  return (server.address() as AddressInfo).port;
}

export async function requestServer(
  server: Server,
  { url, method = 'GET', headers = {}, payload }: TestRequest,
): Promise<TestResponse> {
  const port = await portOf(server);
  // Node.js sends no length with DELETE and OPTIONS by itself.
  const length = payload === undefined ? {} : { 'content-length': Buffer.byteLength(payload) };
  const sent = request({
    host: '127.0.0.1',
    port,
    path: url,
    method,
    headers: { ...length, ...headers },
    agent: false,
  });
  sent.end(payload);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const rawPayload = await buffer(response);
  return { statusCode: response.statusCode ?? 0, headers: response.headers, body: String(rawPayload), rawPayload };
}
