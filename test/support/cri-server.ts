/**
 * A container manager's CRI socket for tests: well, or ill in the ways that container managers are. It serves the pods and
 * containers that a test gives it; connections are counted and cut in front of the gRPC server.
 */
import { once } from 'node:events';
import { connect, createServer, type Server as NetServer, type Socket } from 'node:net';
import { create, type DescMethodUnary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { type handleUnaryCall, Server, ServerCredentials } from '@grpc/grpc-js';
import { RuntimeService } from '../../src/proto/index.ts';

type ItemsOf<M extends DescMethodUnary, K extends string> =
  MessageInitShape<M['output']> extends infer S ? (S extends { [P in K]?: infer I } ? NonNullable<I> : never) : never;

const { version, listPodSandbox, listContainers, listContainerStats } = RuntimeService.method;

/** What it responds from; a test may change it at any time. */
export interface CriServerState {
  runtimeName: string;
  runtimeVersion: string;
  pods: ItemsOf<typeof listPodSandbox, 'items'>;
  containers: ItemsOf<typeof listContainers, 'containers'>;
  stats: ItemsOf<typeof listContainerStats, 'stats'>;
}

/**
 * `well`; `hangs`: takes a call and never responds; `garbage`: sends bytes that are no message; `closes`: ends the
 * connection when something comes; `noise`: what listens is no gRPC server at all; `slow`: responds when `releaseSlow` is
 * called.
 */
export type CriBehaviour = 'closes' | 'garbage' | 'hangs' | 'noise' | 'slow' | 'well';

export interface CriServerOptions {
  readonly apiVersion?: 'v1' | 'v1alpha2';
  readonly behaviour?: CriBehaviour;
  readonly state?: Partial<CriServerState>;
}

export class CriServer {
  readonly socketPath: string;
  readonly state: CriServerState;
  /** Names of the calls so far, such as `ListPodSandbox`, with the id that it was filtered by behind a blank. */
  readonly calls: string[] = [];
  behaviour: CriBehaviour;
  connectionCount = 0;
  readonly #apiVersion: string;
  readonly #grpc = new Server();
  readonly #front: NetServer;
  readonly #sockets = new Set<Socket>();
  #slow = Promise.withResolvers<void>();

  private constructor(socketPath: string, { apiVersion = 'v1', behaviour = 'well', state }: CriServerOptions) {
    this.socketPath = socketPath;
    this.behaviour = behaviour;
    this.#apiVersion = apiVersion;
    this.state = { runtimeName: 'test-cri', runtimeVersion: '1.2.3', pods: [], containers: [], stats: [], ...state };
    this.#front = createServer((socket) => this.#accept(socket));
  }

  /** Resolves when it listens on `socketPath`, whose directory must exist. */
  static async start(socketPath: string, options: CriServerOptions = {}): Promise<CriServer> {
    const server = new CriServer(socketPath, options);
    await server.#start();
    return server;
  }

  /** Connections open right now. */
  get openConnections(): number {
    return this.#sockets.size;
  }

  /** Lets the calls that wait under `slow` continue. */
  releaseSlow(): void {
    this.#slow.resolve();
    this.#slow = Promise.withResolvers();
  }

  /** Ends every connection and stops listening; the socket is removed. */
  async stop(): Promise<void> {
    const closed = once(this.#front, 'close');
    this.#front.close();
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    await closed;
    this.#grpc.forceShutdown();
  }

  async #start(): Promise<void> {
    const { state } = this;
    this.#add(version, () => ({
      version: '0.1.0',
      runtimeName: state.runtimeName,
      runtimeVersion: state.runtimeVersion,
      runtimeApiVersion: this.#apiVersion,
    }));
    this.#add(listPodSandbox, ({ filter }) => ({
      items: state.pods.filter(({ id = '' }) => id.startsWith(filter?.id ?? '')),
    }));
    this.#add(listContainers, () => ({ containers: state.containers }));
    this.#add(listContainerStats, () => ({ stats: state.stats }));
    await new Promise<void>((resolve, reject) => {
      this.#grpc.bindAsync(`unix:${this.#innerPath}`, ServerCredentials.createInsecure(), (error) =>
        error === null ? resolve() : reject(error),
      );
    });
    this.#front.listen(this.socketPath);
    await once(this.#front, 'listening');
  }

  get #innerPath(): string {
    return `${this.socketPath}.in`;
  }

  #accept(socket: Socket): void {
    this.connectionCount++;
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    // The other side may go at any time.
    socket.on('error', () => socket.destroy());
    if (this.behaviour === 'noise') {
      socket.write('HTTP/1.1 400 Bad Request\r\n\r\n\xff\xfe\x00');
      return;
    }
    const inner = connect(this.#innerPath);
    inner.on('error', () => socket.destroy());
    inner.on('close', () => socket.destroy());
    socket.on('close', () => inner.destroy());
    socket.on('data', () => this.behaviour === 'closes' && socket.destroy());
    socket.pipe(inner).pipe(socket);
  }

  #add<M extends DescMethodUnary>(method: M, response: (request: RequestLike) => MessageInitShape<M['output']>): void {
    const handle: handleUnaryCall<Buffer, MessageInitShape<M['output']>> = (call, callback) => {
      const request = decodeFilter(call.request);
      this.calls.push(request.filter === undefined ? method.name : `${method.name} ${request.filter.id}`);
      if (this.behaviour === 'slow') {
        void this.#slow.promise.then(() => callback(null, response(request)));
      } else if (this.behaviour !== 'hangs') {
        callback(null, response(request));
      }
    };
    const serialize = (init: MessageInitShape<M['output']>): Buffer =>
      this.behaviour === 'garbage'
        ? Buffer.alloc(100, 0xff)
        : Buffer.from(toBinary(method.output, create(method.output, init)));
    const path = `/runtime.${this.#apiVersion}.RuntimeService/${method.name}`;
    this.#grpc.register(path, handle, serialize, (bytes) => bytes, 'unary');
  }
}

interface RequestLike {
  readonly filter?: { readonly id: string };
}

/** Of requests only the filter by id is of interest: field 1, in it field 1. */
function decodeFilter(bytes: Buffer): RequestLike {
  return bytes[0] === 0x0a && bytes[2] === 0x0a ? { filter: { id: bytes.toString('utf8', 4) } } : {};
}
