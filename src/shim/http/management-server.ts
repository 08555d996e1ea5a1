/**
 * HTTP over the sandbox's management socket: a table of paths and their handlers. Without `node:http`: there is one shim
 * for each sandbox, it only serves GET of a few paths to the owner of the socket, and node:http takes 0.8 MiB of its
 * memory and a twentieth of the CPU time of a scrape.
 */
import { createServer } from 'node:net';
import { bindUnixSocket } from '../../transport/index.ts';
import { type HttpResponse, ManagementConnection } from './management-connection.ts';
import type { RequestHead } from './request-head.ts';

export interface RouteResponse {
  /** Default: 200. */
  readonly status?: number;
  readonly contentType: string;
  /** Whole, or in its parts. */
  readonly body: Buffer | string | readonly Buffer[];
}

/** Routes by path, without the query. A route gets the whole request target, with the query. */
export type Routes = Readonly<Record<string, (target: string) => RouteResponse | Promise<RouteResponse>>>;

export interface ManagementServer {
  /** Accepts no further requests, waits for active ones within a grace period, and removes the socket. */
  close(): Promise<void>;
}

/** The monitor, the scrape of a second Prometheus, and manual requests. */
const MAX_CONNECTIONS = 64;
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
  const connections = new Set<ManagementConnection>();
  const respond = async (head: RequestHead): Promise<HttpResponse> => {
    try {
      return await route(routes, head);
    } catch (error) {
      onError(head.target, error);
      return toText(500, 'Internal error, see the log of the shim');
    }
  };
  // A client may end its side of the connection when it has sent its request.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const connection = new ManagementConnection(socket, respond);
    connections.add(connection);
    socket.once('close', () => connections.delete(connection));
  });
  server.maxConnections = MAX_CONNECTIONS;
  await bindUnixSocket(server, socketPath);
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= new Promise((resolve) => {
      const forAll = (end: (connection: ManagementConnection) => void): void => {
        for (const connection of connections) {
          end(connection);
        }
      };
      const timer = setTimeout(() => forAll((connection) => connection.destroy()), CLOSE_GRACE_MS);
      server.close(() => {
        clearTimeout(timer);
        resolve();
      });
      forAll((connection) => connection.close());
    });
    return closing;
  };
  return { close };
}

async function route(routes: Routes, { method, target }: RequestHead): Promise<HttpResponse> {
  const path = target.split('?', 1)[0] ?? '';
  const handler = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (handler === undefined) {
    return toText(404, `No such path "${path}"`);
  }
  if (method !== 'GET' && method !== 'HEAD') {
    return toText(405, `Method ${method} is not allowed here`, { Allow: 'GET, HEAD' });
  }
  const { status = 200, contentType, body } = await handler(target);
  return {
    status,
    headers: { 'Content-Type': contentType },
    body: typeof body === 'string' ? [Buffer.from(body)] : Buffer.isBuffer(body) ? [body] : body,
  };
}

function toText(status: number, text: string, headers: Readonly<Record<string, string>> = {}): HttpResponse {
  return {
    status,
    headers: { 'Content-Type': 'text/plain; charset=utf-8', ...headers },
    body: [Buffer.from(`${text}\n`)],
  };
}
