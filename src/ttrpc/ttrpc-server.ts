/**
 * The server of services that protoc-gen-es generated.
 */
import type { Duplex } from 'node:stream';
import type { DescService } from '@bufbuild/protobuf';
import { addDescribedService } from './add-described-service.ts';
import { CoreServer, type ServerOptions } from './server.ts';
import type { ServiceImplementation } from './service.ts';

export interface TtrpcServerOptions extends ServerOptions {}

/**
 * A server for any number of connections.
 *
 *     const server = new TtrpcServer().addService(Health, { check: () => ({ status: ServingStatus.SERVING }) });
 *     net.createServer((socket) => server.accept(socket)).listen(path);
 *     await server.shutdown({ graceMs: 1000 });
 */
export class TtrpcServer {
  readonly #core: CoreServer;

  constructor(options: TtrpcServerOptions = {}) {
    this.#core = new CoreServer(options);
  }

  /** Number of connections that are open. */
  get connectionCount(): number {
    return this.#core.connectionCount;
  }

  /**
   * Serves a service by handlers under the local names of its methods; methods without one respond with UNIMPLEMENTED.
   * Handlers are called with the implementation as `this`. May be called at any time, once for each service.
   */
  addService<S extends DescService>(service: S, implementation: ServiceImplementation<S>): this {
    addDescribedService(this.#core, service, implementation);
    return this;
  }

  /** Serves one connected stream until either side closes it. Takes the stream for itself, its errors too. */
  accept(stream: Duplex): void {
    this.#core.accept(stream);
  }

  /**
   * Stops: new calls fail with UNAVAILABLE; active calls have `graceMs` to finish, then they are aborted and fail with
   * UNAVAILABLE too. Resolves when all connections are closed. Calling it again joins the first.
   */
  shutdown(options: { graceMs?: number } = {}): Promise<void> {
    return this.#core.shutdown(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }
}
