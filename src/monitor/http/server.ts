/**
 * The HTTP server of the monitor: serves the pages on their paths, and responds to all other requests. Independent of
 * sandboxes.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Log } from '../answer/log.ts';
import { HostCheck, type HostFault } from './allowed-hosts.ts';
import { limitConnections } from './connection-limit.ts';
import { contentPolicy, type Page, PageError, type PageReply, type PageRequest, textReply } from './pages/page.ts';
import { decodePath, Router, readTarget, type Target } from './router.ts';
import { sendReply } from './send-reply.ts';
import type { WebGuard } from './web-guard.ts';

/** Limit of the head of a request; Prometheus sends about 400 bytes. */
const MAX_HEAD_BYTES = 16 * 1024;
/** Time for the head of a request to arrive; clients are on the same network. */
const HEAD_TIMEOUT_MS = 10_000;
/** Prometheus scrapes every minute or more often; a connection is kept a little longer. */
const KEEP_ALIVE_MS = 72_000;
/** Prometheus has one or two connections. At the limit, the longest idle one is closed. */
const MAX_CONNECTIONS = 1000;
const ALLOWED_METHODS = 'GET, HEAD';

/** Returns a server that does not listen yet. Without a guard, every client is admitted, over plain HTTP. */
export function createServer<P>(
  pages: readonly Page<P>[],
  parts: P,
  log: Log,
  guard?: WebGuard,
  hostCheck = new HostCheck({ allowedHosts: [] }),
): Server {
  const router = new Router(pages);
  const refuse = async (request: IncomingMessage, page: Page<P> | undefined): Promise<PageReply | undefined> => {
    const isOpen = isReading(request) && page?.isOpen === true;
    return replyToHostFault(hostCheck.findFault(request)) ?? (isOpen ? undefined : await guard?.refuse(request));
  };
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<PageReply> => {
    const target = readTarget(request.url ?? '');
    const path = decodePath(target.path);
    const page = path === undefined ? undefined : router.find(path);
    const refusal = await refuse(request, page);
    if (refusal !== undefined) {
      return refusal;
    }
    if (path === undefined) {
      return textReply('Malformed path\n', 400);
    }
    // Before a body is read: no page has a use for one.
    if (!isReading(request)) {
      return page === undefined ? notFound() : methodNotAllowed();
    }
    return page === undefined
      ? redirectTo(router.findRedirect(target))
      : page.handle(toPageRequest(request, response, target), parts);
  };
  const server = createPlainOrTls((request, response) => {
    const startMs = performance.now();
    response.once('close', () => {
      if (!server.listening) {
        server.closeIdleConnections();
      }
      const { method, url } = request;
      const ms = Math.round(performance.now() - startMs);
      log.debug({ method, url, status: response.statusCode, ms }, 'Request completed');
    });
    const toErrorReply = (error: unknown): PageReply => withHeaders(toReply(error, request, log));
    const send = (reply: PageReply): void => {
      // A server that closes serves no further request on the connection.
      response.shouldKeepAlive &&= server.listening;
      sendReply(response, withHeaders(reply), guard?.headers ?? {}, toErrorReply);
    };
    respond(request, response).then(send, (error: unknown) => send(toReply(error, request, log)));
  }, guard);
  limitConnections(server, MAX_CONNECTIONS);
  return server;
}

/** Resolves when every connection is closed. Idle connections are closed now, the others when they have their response. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // It reports a server that does not listen, which is closed.
    server.close(() => resolve());
  });
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

function createPlainOrTls(handler: Handler, guard: WebGuard | undefined): Server {
  const limits = {
    maxHeaderSize: MAX_HEAD_BYTES,
    headersTimeout: HEAD_TIMEOUT_MS,
    requestTimeout: HEAD_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: 5000,
    // Node.js would respond itself, without our headers.
    requireHostHeader: false,
  };
  if (guard?.tlsOptions === undefined) {
    return withOwnResponses(process.getBuiltinModule('node:http').createServer(limits, handler), guard);
  }
  const { createServer: createTlsServer } = process.getBuiltinModule('node:https');
  const server = createTlsServer({ ...limits, ...guard.tlsOptions, handshakeTimeout: HEAD_TIMEOUT_MS }, handler);
  guard.watchHandshakes(server);
  return withOwnResponses(server, guard);
}

/** Node.js would respond itself, without our headers, to an `Expect:` other than 100-continue and to what is no request. */
function withOwnResponses(server: Server, guard: WebGuard | undefined): Server {
  server.on('clientError', (error, socket) => respondToClientError(error, socket as Socket, guard));
  return server.on('checkExpectation', (_request, response) => {
    response.writeHead(417, { ...headersOfOwn(guard), 'content-length': 0, connection: 'close' }).end();
  });
}

/** The headers of every response, including those without a page. */
function headersOfOwn(guard: WebGuard | undefined): Readonly<Record<string, string>> {
  return { 'x-content-type-options': 'nosniff', 'content-security-policy': contentPolicy, ...guard?.headers };
}

/** Responds to bytes that are not an HTTP request, or to one that is too long or too slow; no page or guard sees it. */
function respondToClientError(error: NodeJS.ErrnoException, socket: Socket, guard: WebGuard | undefined): void {
  const status = statusOfFault[error.code ?? ''] ?? '400 Bad Request';
  const headers = Object.entries({ ...headersOfOwn(guard), 'content-length': '0', connection: 'close' });
  const head = `HTTP/1.1 ${status}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
  if (error.code !== 'ECONNRESET' && socket.writable) {
    socket.write(head);
  }
  // Without waiting for the write, because an unfinished handshake ends here too.
  socket.destroy();
}

const statusOfFault: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
};

function withHeaders(reply: PageReply): PageReply {
  const headers = { 'x-content-type-options': 'nosniff', 'content-security-policy': contentPolicy, ...reply.headers };
  return { ...reply, headers };
}

function toPageRequest(request: IncomingMessage, response: ServerResponse, { path, query }: Target): PageRequest {
  const client = new AbortController();
  const { promise: finished, resolve } = Promise.withResolvers<{ isComplete: boolean }>();
  response.once('close', () => {
    const isComplete = response.writableFinished;
    if (!isComplete) {
      client.abort(new Error('Client is gone'));
    }
    resolve({ isComplete });
  });
  return {
    path,
    query: new URLSearchParams(query),
    header: (name) => {
      const value = request.headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
    from: [request.socket.remoteAddress, request.headers['x-forwarded-for']].join(' '),
    isHead: request.method === 'HEAD',
    signal: client.signal,
    finished,
    cutOff: () => response.destroy(),
  };
}

function isReading({ method }: { readonly method?: string | undefined }): boolean {
  return method === 'GET' || method === 'HEAD';
}

function replyToHostFault(fault: HostFault | undefined): PageReply | undefined {
  switch (fault) {
    case undefined:
      return undefined;
    case 'missing':
      return closing(textReply('Host header is missing\n', 400));
    case 'several':
      return closing(textReply('Request has several Host headers\n', 400));
    case 'not_allowed':
      return closing(textReply('Host header names another site. To allow more names, use --web.allowed-hosts\n', 403));
  }
}

function closing(reply: PageReply): PageReply {
  return { ...reply, headers: { ...reply.headers, connection: 'close' } };
}

function redirectTo(location: string | undefined): PageReply {
  if (location === undefined) {
    return notFound();
  }
  const reply = textReply(`See ${location}\n`, 307);
  return { ...reply, headers: { ...reply.headers, location } };
}

function notFound(): PageReply {
  return textReply('No such page. / has a list of the pages\n', 404);
}

function methodNotAllowed(): PageReply {
  const reply = textReply(`Only ${ALLOWED_METHODS} are supported\n`, 405);
  return { ...reply, headers: { ...reply.headers, allow: ALLOWED_METHODS } };
}

function toReply(error: unknown, request: IncomingMessage, log: Log): PageReply {
  if (error instanceof PageError) {
    return textReply(`${error.message}\n`, error.status);
  }
  if (request.socket.destroyed) {
    log.debug({ url: request.url }, 'Client is gone');
  } else {
    log.error({ url: request.url, err: error }, 'Cannot respond');
  }
  return textReply('Internal error, see the log of the monitor\n', 500);
}
