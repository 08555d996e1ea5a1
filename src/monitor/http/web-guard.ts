/**
 * Applies web.yml to a server: TLS, the client certificate, the rate limit and the password, before any page is called. All
 * addresses of the monitor share one guard.
 */
import type { IncomingMessage } from 'node:http';
import type { Server as TlsServer, ServerOptions as TlsServerOptions } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { RateLimit } from '../../program/index.ts';
import {
  type AuthResult,
  BasicAuth,
  findCertificateFault,
  WebConfig,
  type WebConfigEvents,
  type WebConfigSource,
  type WebSettings,
} from '../../web-config/index.ts';
import type { Log } from '../answer/log.ts';
import { type PageReply, textReply } from './pages/page.ts';

export class WebGuard {
  readonly #config: WebConfig;
  readonly #auth: BasicAuth;
  readonly #log: Log;
  readonly #servers = new Set<TlsServer>();
  readonly #connections = new Set<Duplex>();
  #rateLimit: RateLimit | undefined;

  /** @throws {WebConfigError} when the file cannot be used. */
  constructor(source: WebConfigSource, log: Log) {
    this.#config = new WebConfig(source);
    this.#log = log;
    const { settings } = this.#config;
    this.#auth = new BasicAuth(settings.users);
    if (settings.wantsHttp2) {
      log.info('Only HTTP/1.1 is supported: http2 in --web.config.file has no effect');
    }
    this.#warnOfRateLimit(settings);
  }

  /** Whether a client needs a password or a verified certificate. */
  get knowsClients(): boolean {
    const { users, tls } = this.#config.settings;
    return users.size > 0 || tls?.clientAuth === 'RequireAndVerifyClientCert';
  }

  /** Undefined when the file has no TLS. */
  get tlsOptions(): TlsServerOptions | undefined {
    const { tls } = this.#config.settings;
    return (
      tls && {
        ...tls.context,
        ALPNProtocols: ['http/1.1'],
        requestCert: tls.clientAuth !== 'NoClientCert',
        rejectUnauthorized: tls.clientAuth === 'RequireAndVerifyClientCert',
      }
    );
  }

  /** Makes the server use the current certificate files at each handshake. */
  watchHandshakes(server: TlsServer): void {
    this.#servers.add(server);
    // Before the listener that starts the handshake.
    server.prependListener('connection', (socket) => {
      this.#refresh();
      this.#connections.add(socket);
      socket.once('close', () => this.#connections.delete(socket));
    });
    server.on('tlsClientError', (error) => this.#log.debug({ reason: error.message }, 'Handshake failed'));
  }

  /** Headers for every response; they replace ours. */
  get headers(): Readonly<Record<string, string>> {
    return this.#config.settings.headers;
  }

  /** The reply to a client that is not allowed; undefined for one that is. */
  async refuse({ headers, socket }: IncomingMessage): Promise<PageReply | undefined> {
    this.#refresh();
    const { users, tls } = this.#config.settings;
    if (this.#rateLimit?.take() === false) {
      return refusal('Too many requests\n', 429);
    }
    const fault = tls && isTlsSocket(socket) ? findCertificateFault(socket, tls) : undefined;
    if (fault !== undefined) {
      return refusal(`${fault}\n`, 403);
    }
    return users.size === 0
      ? undefined
      : toRefusal(await this.#auth.check(headers.authorization, socket.remoteAddress));
  }

  /** Closes all TLS connections, including those in the handshake, which their server does not know yet. */
  closeConnections(): void {
    for (const socket of this.#connections) {
      socket.destroy();
    }
  }

  close(): Promise<void> {
    return this.#auth.close();
  }

  /** Starts to limit the rate of requests; called after the request that the monitor sends to itself at the start. */
  limitRate(): void {
    const { rateLimit } = this.#config.settings;
    this.#rateLimit = rateLimit && new RateLimit(rateLimit);
  }

  /** Reads the files again, even if they have not changed. */
  reload(): void {
    this.#config.reload(this.#events());
  }

  #refresh(): void {
    this.#config.refresh(this.#events());
  }

  #events(): WebConfigEvents {
    const { tls } = this.#config.settings;
    return {
      onReload: (settings) => {
        this.#take(settings);
        // Certificates are verified by the handshake: clients with one of a removed authority must repeat it.
        if (settings.tls?.authorities !== tls?.authorities) {
          this.closeConnections();
        }
      },
      onFault: (error) =>
        this.#log.error(`Cannot reload --web.config.file, keeping the previous settings: ${error.message}`),
    };
  }

  #warnOfRateLimit({ rateLimit }: WebSettings): void {
    if (rateLimit !== undefined && rateLimit.burst < 1) {
      this.#log.warn({ burst: rateLimit.burst }, 'Key "rate_limit.burst" of --web.config.file refuses every request');
    }
  }

  #take(settings: WebSettings): void {
    this.#log.info('Reloaded --web.config.file');
    this.#warnOfRateLimit(settings);
    this.#auth.setUsers(settings.users);
    this.limitRate();
    for (const server of this.#servers) {
      server.setSecureContext(settings.tls?.context ?? {});
    }
  }
}

/** A rejected client does not keep its connection. */
function refusal(body: string, status: number, headers: Readonly<Record<string, string>> = {}): PageReply {
  const reply = textReply(body, status);
  return { ...reply, headers: { ...reply.headers, connection: 'close', ...headers } };
}

function toRefusal(result: AuthResult): PageReply | undefined {
  switch (result) {
    case 'allowed':
      return undefined;
    case 'busy':
      return refusal('Too many password checks, try again later\n', 429, { 'retry-after': '5' });
    case 'denied':
      return refusal('User name and password required\n', 401, {
        'www-authenticate': 'Basic realm="kata-monitor", charset="UTF-8"',
      });
  }
}

function isTlsSocket(socket: Socket): socket is TLSSocket {
  return socket instanceof process.getBuiltinModule('node:tls').TLSSocket;
}
