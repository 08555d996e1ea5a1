/**
 * A server: services, and the connections that call them. Opens no socket itself: the caller passes every connected
 * stream to `accept`.
 */
import type { Duplex } from 'node:stream';
import type { Service } from '../wire/index.ts';
import { type Limits, resolveLimits } from './limits.ts';
import { ServerConnection } from './server-connection.ts';
import { type HandlerContext, type ServiceImplementation, ServiceTable } from './service.ts';

export interface ServerOptions extends Partial<Limits> {
  /**
   * Called with errors of handlers other than TtrpcErrors, for the log: the caller gets UNKNOWN and the error's message,
   * but no stack.
   */
  onHandlerError?: (error: unknown, context: HandlerContext) => void;
}

/** How long `shutdown` waits for active calls by default. */
export const DEFAULT_GRACE_MS = 5_000;

/** How long the last responses may take to be written after the grace period, to a peer that may not be reading. */
const FLUSH_MS = 1_000;

/**
 * A server for any number of connections.
 *
 *     const server = new CoreServer().addService(Health, { check: () => ({ status: SERVING }) });
 *     net.createServer((socket) => server.accept(socket)).listen(path);
 *     await server.shutdown({ graceMs: 1000 });
 */
export class CoreServer {
  readonly #services = new ServiceTable();
  readonly #limits: Limits;
  readonly #onHandlerError: (error: unknown, context: HandlerContext) => void;
  readonly #connections = new Set<ServerConnection>();
  readonly #allClosed = Promise.withResolvers<void>();
  #isStopping = false;

  constructor(options: ServerOptions = {}) {
    this.#limits = resolveLimits(options);
    this.#onHandlerError = options.onHandlerError ?? (() => undefined);
  }

  /** Number of connections that are open. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  /**
   * Serves a service by handlers under the local names of its methods; methods without one respond with UNIMPLEMENTED.
   * Handlers are called with the implementation as `this`. May be called at any time, once for each service.
   */
  addService<S extends Service>(service: S, implementation: ServiceImplementation<S>): this {
    this.#services.add(service, implementation);
    return this;
  }

  /** Serves one connected stream until either side closes it. Takes the stream for itself, its errors too. */
  accept(stream: Duplex): void {
    if (this.#isStopping) {
      stream.destroy();
      return;
    }
    const connection: ServerConnection = new ServerConnection(stream, {
      services: this.#services,
      limits: this.#limits,
      onHandlerError: this.#onHandlerError,
      onEnd: () => {
        this.#connections.delete(connection);
        this.#resolveIfClosed();
      },
    });
    this.#connections.add(connection);
  }

  /**
   * Stops: new calls fail with UNAVAILABLE; active calls have `graceMs` to finish, then they are aborted and fail with
   * UNAVAILABLE too. Resolves when all connections are closed. Calling it again joins the first.
   */
  async shutdown({ graceMs = DEFAULT_GRACE_MS }: { graceMs?: number } = {}): Promise<void> {
    if (!this.#isStopping) {
      this.#isStopping = true;
      for (const connection of [...this.#connections]) {
        connection.stop();
      }
      this.#resolveIfClosed();
      await this.#waitClosed(graceMs);
      for (const connection of [...this.#connections]) {
        connection.abortCalls();
      }
      await this.#waitClosed(FLUSH_MS);
      for (const connection of [...this.#connections]) {
        connection.destroy();
      }
    }
    await this.#allClosed.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  #resolveIfClosed(): void {
    if (this.#isStopping && this.#connections.size === 0) {
      this.#allClosed.resolve();
    }
  }

  /** Resolves when all connections are closed, after `timeoutMs` at the latest. */
  async #waitClosed(timeoutMs: number): Promise<void> {
    const timeout = Promise.withResolvers<void>();
    const timer = setTimeout(timeout.resolve, timeoutMs);
    await Promise.race([this.#allClosed.promise, timeout.promise]);
    clearTimeout(timer);
  }
}
