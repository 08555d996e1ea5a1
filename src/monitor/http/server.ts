/**
 * The HTTP server of the monitor: serves the pages on their paths, and responds to all other requests. Independent of
 * sandboxes.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { posix } from 'node:path';
import { Readable } from 'node:stream';
import {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  fastify,
} from 'fastify';
import type { Log } from '../answer/log.ts';
import { HostCheck, type HostFault } from './allowed-hosts.ts';
import { limitConnections } from './connection-limit.ts';
import {
  contentPolicy,
  type Page,
  PageError,
  type PageParts,
  type PageReply,
  type PageRequest,
  textReply,
} from './pages/page.ts';
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

/** Returns a server that is ready to listen or for `inject`. Without a guard, every client is admitted, over plain HTTP. */
export function createServer(
  pages: readonly Page[],
  parts: PageParts,
  log: Log,
  guard?: WebGuard,
  hostCheck = new HostCheck({ allowedHosts: [] }),
): FastifyInstance {
  const openPaths = new Set(pages.filter(({ isOpen }) => isOpen === true).map(({ path }) => path));
  const refuse = async (request: IncomingMessage): Promise<PageReply | undefined> => {
    const isOpen = isReading(request) && openPaths.has(pathOf(request));
    return replyToHostFault(hostCheck.findFault(request)) ?? (isOpen ? undefined : await guard?.refuse(request));
  };
  const server = fastify({
    serverFactory: (handler) => {
      const plainOrTls = createPlainOrTls(handler, guard);
      limitConnections(plainOrTls, MAX_CONNECTIONS);
      return plainOrTls;
    },
    clientErrorHandler: (error, socket) => respondToClientError(error, socket, guard),
    // Fastify calls no hooks for these.
    frameworkErrors: async (_error, { raw }, reply: FastifyReply) => {
      const response = (await refuse(raw)) ?? textReply('Malformed path\n', 400);
      return send(reply, { ...response, headers: { ...response.headers, ...guard?.headers } });
    },
  });
  server.addHook('onRequest', async (request, reply) => {
    const refusal = await refuse(request.raw);
    return refusal && send(reply, refusal);
  });
  server.addHook('onSend', async (_request, reply) => {
    reply.headers(guard?.headers ?? {});
  });
  // Before a body is read: no page has a use for one.
  server.addHook('onRequest', async (request, reply) => {
    if (!isReading(request)) {
      return send(reply, isPagePath(pages, pathOf(request)) ? methodNotAllowed() : notFound());
    }
  });
  server.addHook('onResponse', async (request, reply) => {
    const { method, url } = request;
    log.debug({ method, url, status: reply.statusCode, ms: Math.round(reply.elapsedTime) }, 'Request completed');
  });
  for (const page of pages) {
    server.get(page.path, async (request, reply) =>
      send(reply, await page.handle(toPageRequest(request, reply), parts)),
    );
  }
  server.setNotFoundHandler((request, reply) => send(reply, findRedirect(pages, request) ?? notFound()));
  server.setErrorHandler((error, request, reply) => send(reply, toReply(error, request, log)));
  return server;
}

type Handler = Parameters<NonNullable<FastifyServerOptions['serverFactory']>>[0];

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
    return withExpectations(process.getBuiltinModule('node:http').createServer(limits, handler), guard);
  }
  const { createServer: createTlsServer } = process.getBuiltinModule('node:https');
  const server = createTlsServer({ ...limits, ...guard.tlsOptions, handshakeTimeout: HEAD_TIMEOUT_MS }, handler);
  guard.watchHandshakes(server);
  return withExpectations(server, guard);
}

/** Node.js would respond to an `Expect:` other than 100-continue itself, without our headers. */
function withExpectations<T extends Server>(server: T, guard: WebGuard | undefined): T {
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

function send(reply: FastifyReply, { status, headers, body }: PageReply): FastifyReply {
  const isIterable = typeof body !== 'string' && !Buffer.isBuffer(body) && !(body instanceof Readable);
  return reply
    .code(status)
    .headers({ 'x-content-type-options': 'nosniff', 'content-security-policy': contentPolicy, ...headers })
    .send(isIterable ? Readable.from(body, { objectMode: false }) : body);
}

function toPageRequest(request: FastifyRequest, reply: FastifyReply): PageRequest {
  const client = new AbortController();
  const { promise: finished, resolve } = Promise.withResolvers<{ isComplete: boolean }>();
  reply.raw.once('close', () => {
    const isComplete = reply.raw.writableFinished;
    if (!isComplete) {
      client.abort(new Error('Client is gone'));
    }
    resolve({ isComplete });
  });
  return {
    path: pathOf(request),
    query: new URLSearchParams(request.url.split('?', 2)[1]),
    header: (name) => {
      const value = request.headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
    signal: client.signal,
    finished,
    cutOff: () => reply.raw.destroy(),
  };
}

function pathOf({ url = '' }: { readonly url?: string | undefined }): string {
  return url.split('?', 1)[0]!;
}

function isReading({ method }: { readonly method?: string | undefined }): boolean {
  return method === 'GET' || method === 'HEAD';
}

function isPagePath(pages: readonly Page[], path: string): boolean {
  return pages.some((page) => (page.path.endsWith('*') ? path.startsWith(page.path.slice(0, -1)) : path === page.path));
}

function replyToHostFault(fault: HostFault | undefined): PageReply | undefined {
  switch (fault) {
    case undefined:
      return undefined;
    case 'missing':
      return closing(textReply('Host header is missing\n', 400));
    case 'not_allowed':
      return closing(textReply('Host header names another site. To allow more names, use --web.allowed-hosts\n', 403));
  }
}

function closing(reply: PageReply): PageReply {
  return { ...reply, headers: { ...reply.headers, connection: 'close' } };
}

/**
 * Redirects `//metrics`, `/./metrics` or `/debug/pprof` to the page, as Go's ServeMux does. Only to a path of `pages`, so
 * that no request can cause a redirect elsewhere.
 */
function findRedirect(pages: readonly Page[], { url }: FastifyRequest): PageReply | undefined {
  const [path = '', query] = url.split('?', 2);
  const clean = posix.normalize(path);
  const target = [clean, `${clean}/`].find(
    (candidate) => candidate !== path && pages.some((page) => candidate === page.path.replace('*', '')),
  );
  if (target === undefined) {
    return undefined;
  }
  const location = query === undefined ? target : `${target}?${query}`;
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

function toReply(error: unknown, request: FastifyRequest, log: Log): PageReply {
  if (error instanceof PageError) {
    return textReply(`${error.message}\n`, error.status);
  }
  if (request.raw.socket.destroyed) {
    log.debug({ url: request.url }, 'Client is gone');
  } else {
    log.error({ url: request.url, err: error }, 'Cannot respond');
  }
  return textReply('Internal error, see the log of the monitor\n', 500);
}
