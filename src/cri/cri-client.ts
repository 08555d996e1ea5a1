/**
 * The calls to a container manager over its unix socket: one connection, a deadline for every call, runtime.v1 or, if
 * that is unknown, v1alpha2. The only file that loads HTTP/2 and the messages, so it is imported only if a socket exists.
 */
import { Code } from '../grpc/index.ts';
import { RuntimeService } from '../proto/cri-messages.ts';
import type { AnyMessageType, Method } from '../wire/index.ts';
import { CriError, type CriErrorCode } from './cri-error.ts';
import type { CriContainer, CriContainerStats, CriPod, CriVersion } from './cri-types.ts';
import { toContainer, toContainerStats, toPod, toVersion } from './from-messages.ts';
import { GrpcConnection } from './grpc-connection.ts';
import { GrpcError } from './grpc-message.ts';

/** A pod takes 1 to 4 KiB with its labels and annotations: enough for 10,000 of them. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
/** A connection costs the container manager memory; nodes make pods in bursts. */
const IDLE_MS = 10_000;
/** Versions of the interface, the preferred first. */
const API_VERSIONS = ['v1', 'v1alpha2'] as const;
/** Version that clients of the interface report; container managers ignore it. */
const CALLER_VERSION = '0.1.0';

export interface CriCallOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export class CriClient {
  readonly #connection: GrpcConnection;
  readonly #idleMs: number;
  #running = 0;
  #idleTimer: NodeJS.Timeout | undefined = undefined;
  #version: CriVersion | undefined = undefined;

  /** `socketPath` is absolute. Connects at the first call, and again after `idleMs` without any. */
  constructor(socketPath: string, idleMs = IDLE_MS) {
    this.#connection = new GrpcConnection(socketPath);
    this.#idleMs = idleMs;
  }

  /**
   * Requests the version again; it determines the version of the interface of all other calls.
   * @throws {CriError}
   */
  async version(options: CriCallOptions): Promise<CriVersion> {
    const request = { version: CALLER_VERSION };
    for (const apiVersion of API_VERSIONS) {
      try {
        const response = await this.#unary(RuntimeService.method.version, apiVersion, request, options);
        this.#version = toVersion(response, apiVersion);
        return this.#version;
      } catch (error) {
        if (!(error instanceof CriError) || error.code !== 'unsupported') {
          throw error;
        }
      }
    }
    throw new CriError(
      'unsupported',
      `Container manager knows no version of the interface of ${API_VERSIONS.join(', ')}`,
    );
  }

  /**
   * Lists all pods of the node, or those whose sandbox id begins with `id`.
   * @throws {CriError}
   */
  async listPods({ id, ...options }: CriCallOptions & { readonly id?: string }): Promise<CriPod[]> {
    const request = id === undefined ? {} : { filter: { id } };
    return (await this.#call(RuntimeService.method.listPodSandbox, request, options)).items.map(toPod);
  }

  /** @throws {CriError} */
  async listContainers(options: CriCallOptions): Promise<CriContainer[]> {
    return (await this.#call(RuntimeService.method.listContainers, {}, options)).containers.map(toContainer);
  }

  /**
   * Statistics of the running containers, read at the time of the call.
   * @throws {CriError}
   */
  async listContainerStats(options: CriCallOptions): Promise<CriContainerStats[]> {
    return (await this.#call(RuntimeService.method.listContainerStats, {}, options)).stats.map(toContainerStats);
  }

  /** Ends the connection; a call makes a new one. */
  close(): void {
    clearTimeout(this.#idleTimer);
    this.#connection.close();
  }

  #begin(): void {
    this.#running++;
    clearTimeout(this.#idleTimer);
  }

  #end(): void {
    if (--this.#running === 0) {
      this.#idleTimer = setTimeout(() => this.close(), this.#idleMs).unref();
    }
  }

  async #call<I extends AnyMessageType, O extends AnyMessageType>(
    method: Method<'unary', I, O>,
    request: Parameters<I['encode']>[0],
    options: CriCallOptions,
  ): Promise<ReturnType<O['decode']>> {
    const { apiVersion } = this.#version ?? (await this.version(options));
    return this.#unary(method, apiVersion, request, options);
  }

  async #unary<I extends AnyMessageType, O extends AnyMessageType>(
    method: Method<'unary', I, O>,
    apiVersion: CriVersion['apiVersion'],
    request: Parameters<I['encode']>[0],
    { timeoutMs, signal }: CriCallOptions,
  ): Promise<ReturnType<O['decode']>> {
    this.#begin();
    try {
      const bytes = await this.#connection.call({
        path: `/runtime.${apiVersion}.RuntimeService/${method.name}`,
        message: method.input.encode(request),
        timeoutMs,
        maxBytes: MAX_ANSWER_BYTES,
        signal,
      });
      return decode(method.output, bytes);
    } catch (error) {
      throw error instanceof GrpcError ? toCriError(method, timeoutMs, error) : error;
    } finally {
      this.#end();
    }
  }
}

function decode<O extends AnyMessageType>(output: O, bytes: Buffer): ReturnType<O['decode']> {
  try {
    return output.decode(bytes) as ReturnType<O['decode']>;
  } catch (error) {
    throw new GrpcError(Code.internal, `response is not a message: ${(error as Error).message}`);
  }
}

const codes: Readonly<Record<number, CriErrorCode>> = {
  [Code.deadlineExceeded]: 'timeout',
  [Code.internal]: 'invalid_response',
  [Code.resourceExhausted]: 'invalid_response',
  [Code.unavailable]: 'unreachable',
  [Code.unimplemented]: 'unsupported',
};

function toCriError({ name }: Method, timeoutMs: number, error: GrpcError): CriError {
  const code = codes[error.status] ?? 'failed';
  const what = code === 'timeout' ? `Container manager did not respond within ${timeoutMs} ms` : error.message;
  return new CriError(code, `Cannot call "${name}" of the container manager: ${what}`, { cause: error });
}
