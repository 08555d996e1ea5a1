/**
 * The servers of all addresses of a program, opened one after the other and closed together. Used by the monitor and by
 * `kata-metrics page`.
 */
import type { Server } from 'node:http';
import type { MonitorSettings } from '../../settings/monitor.ts';
import type { Log } from '../answer/log.ts';
import { HostCheck } from './allowed-hosts.ts';
import { type Listener, openListener, withPortOf } from './listener.ts';
import type { Page } from './pages/page.ts';
import { closeServer, createServer } from './server.ts';
import type { WebGuard } from './web-guard.ts';

export interface WebServersOptions<P> {
  readonly settings: MonitorSettings;
  readonly listeners: readonly Listener[];
  /** The pages of one address. */
  readonly pagesOf: (listener: Listener) => readonly Page<P>[];
  readonly parts: P;
  readonly guard: WebGuard | undefined;
  /** Limit of open connections of one address. Default: that of `createServer`. */
  readonly maxConnections?: number;
  readonly log: Log;
}

export interface ServedUrls {
  /** Of the first address of each kind. */
  readonly main?: string;
  readonly admin?: string;
  /** Of the first address that serves the page to a browser, which cannot open a socket. */
  readonly page?: string;
}

export class WebServers<P> {
  readonly #options: WebServersOptions<P>;
  readonly #servers: readonly { readonly listener: Listener; readonly server: Server }[];

  constructor(options: WebServersOptions<P>) {
    const { settings, listeners, pagesOf, parts, guard, maxConnections = Infinity, log } = options;
    this.#options = options;
    this.#servers = listeners.map((listener) => {
      const hostCheck = new HostCheck({ allowedHosts: settings.webAllowedHosts, address: listener.address });
      const server = createServer(pagesOf(listener), parts, log, guard, hostCheck);
      server.maxConnections = Math.min(server.maxConnections, maxConnections);
      return { listener, server };
    });
  }

  /**
   * Resolves when all of them listen.
   * @throws {ListenError} when an address cannot be listened on.
   */
  async open(): Promise<ServedUrls> {
    const urls: { -readonly [K in keyof ServedUrls]: string } = {};
    for (const { server, listener } of this.#servers) {
      const url = await openListener(server, withPortOf(urls[listener.kind], listener), this.#options);
      if (url !== undefined) {
        urls[listener.kind] ??= url;
        if (listener.hasPage && !url.startsWith('unix:')) {
          urls.page ??= url;
        }
      }
    }
    return urls;
  }

  /** Lets requests in progress finish until `graceMs` has passed, then closes every connection, and the guard. */
  async close(graceMs: number): Promise<void> {
    const { guard } = this.#options;
    const closed = Promise.all(this.#servers.map(({ server }) => closeServer(server)));
    const cutOff = setTimeout(() => {
      for (const { server } of this.#servers) {
        server.closeAllConnections();
      }
      guard?.closeConnections();
    }, graceMs);
    await closed;
    clearTimeout(cutOff);
    await guard?.close();
  }
}
