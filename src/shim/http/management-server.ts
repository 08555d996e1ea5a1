/**
 * HTTP over the sandbox's management socket: a table of paths and their handlers. On `node:http`, not on a framework: there
 * is one shim for each sandbox, and Fastify was measured to cost 5 MB more of private memory.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { bindUnixSocket } from '../../transport/index.ts';

export interface RouteResponse {
  /** Default: 200. */
  readonly status?: number;
  readonly contentType: string;
  readonly body: Buffer | string;
}

/** By path, without the query. A route gets the whole target of the request, with the query. */
export type Routes = Readonly<Record<string, (target: string) => RouteResponse | Promise<RouteResponse>>>;

export interface ManagementServer {
  /** Accepts no more requests, lets active ones finish within a grace period, removes the socket. */
  close(): Promise<void>;
}

/** The monitor keeps its connection between scrapes; scrape intervals are seldom longer. */
const KEEP_ALIVE_MS = 120_000;
/** The monitor, the scrape of a second Prometheus, and manual requests. */
const MAX_CONNECTIONS = 64;
const HEADERS_TIMEOUT_MS = 5_000;
const CLOSE_GRACE_MS = 1_000;

/**
 * Listens on `socketPath`.
 * @throws {TransportError} `in_use` when a live shim has it.
 */
export async function startManagementServer(
  socketPath: string,
  routes: Routes,
  onError: (path: string, error: unknown) => void,
): Promise<ManagementServer> {
  const server = process.getBuiltinModule('node:http').createServer((request, response) => {
    respond(routes, request, response).catch((error: unknown) => {
      onError(request.url ?? '', error);
      sendText(response, 500, 'Internal error, see the log of the shim');
    });
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.maxConnections = MAX_CONNECTIONS;
  await bindUnixSocket(server, socketPath);
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= new Promise((resolve) => {
      const timer = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
      server.close(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    return closing;
  };
  return { close };
}

async function respond(routes: Routes, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '').split('?', 1)[0] ?? '';
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (route === undefined) {
    return sendText(response, 404, `No such path "${path}"`);
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return sendText(response, 405, `Method ${request.method} is not allowed here`);
  }
  const { status = 200, contentType, body } = await route(request.url ?? '');
  send(response, status, contentType, body);
}

function sendText(response: ServerResponse, status: number, text: string): void {
  send(response, status, 'text/plain; charset=utf-8', `${text}\n`);
}

function send(response: ServerResponse, status: number, contentType: string, body: Buffer | string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
