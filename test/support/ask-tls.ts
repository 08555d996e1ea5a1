/**
 * One HTTPS request as a test needs it: with or without a client's certificate and a password, and what the handshake
 * showed. Rejects when the connection or the handshake fails.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';
import type { SecureContextOptions, TLSSocket } from 'node:tls';

export interface TlsQuestion {
  /** PEM of the authority that the server's certificate must be of. */
  readonly ca: string;
  readonly client?: { readonly cert: string; readonly key: string };
  /** `user:password`. */
  readonly auth?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly tls?: Pick<SecureContextOptions, 'maxVersion'>;
  /** Default: a connection for this request alone. */
  readonly agent?: Agent;
}

export interface TlsReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Of the server's certificate. */
  readonly serial: string;
  /** Of the client, so that a connection can be told from the next. */
  readonly localPort: number;
}

/** By connection: a client's socket tells its server's certificate only once. */
const serials = new WeakMap<TLSSocket, string>();

export function askTls(url: string, { ca, client, agent, tls, ...rest }: TlsQuestion): Promise<TlsReply> {
  const oneShot = agent === undefined ? new Agent({ maxCachedSessions: 0 }) : undefined;
  return new Promise<TlsReply>((resolve, reject) => {
    const asked = request(url, { ...rest, ca, ...client, ...tls, agent: agent ?? oneShot }, (response) => {
      const socket = response.socket as TLSSocket;
      const { statusCode: status = 0, headers } = response;
      const seen = { serial: serials.get(socket) ?? '', localPort: socket.localPort ?? 0 };
      text(response).then((body) => resolve({ status, headers, body, ...seen }), reject);
    });
    asked.once('socket', (socket: TLSSocket) => {
      socket.once('secureConnect', () => serials.set(socket, socket.getPeerX509Certificate()!.serialNumber));
    });
    asked.once('error', reject);
    asked.end();
  }).finally(() => oneShot?.destroy());
}
