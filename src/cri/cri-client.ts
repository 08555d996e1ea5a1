/**
 * The calls to a container manager over its unix socket: one connection, a deadline on every call, runtime.v1 or, where
 * that is not known, v1alpha2. The only file that loads a gRPC library, so it is imported when there is a socket.
 */
import { addAbortListener } from 'node:events';
import {
  create,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { Client, type ClientOptions, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { RuntimeService } from '../proto/index.ts';
import { CriError, type CriErrorCode } from './cri-error.ts';
import type { CriContainer, CriContainerStats, CriPod, CriVersion } from './cri-types.ts';
import { toContainer, toContainerStats, toPod, toVersion } from './from-messages.ts';

/** A pod takes 1 to 4 KiB with its labels and annotations: enough for 10,000 of them. gRPC's own limit is 4 MiB. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
/** A connection costs the container manager memory; nodes make pods in bursts. */
const IDLE_MS = 10_000;
/** Versions of the interface, the preferred first. */
const API_VERSIONS = ['v1', 'v1alpha2'] as const;
/** What callers of the interface say of themselves; container managers do not look at it. */
const CALLER_VERSION = '0.1.0';

const channelOptions: ClientOptions = {
  'grpc.max_receive_message_length': MAX_ANSWER_BYTES,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_http_proxy': 0,
  'grpc.enable_retries': 0,
  'grpc.service_config_disable_resolution': 1,
};

export interface CriCallOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export class CriClient {
  readonly #socketPath: string;
  readonly #idleMs: number;
  #client: Client | undefined = undefined;
  #running = 0;
  #idleTimer: NodeJS.Timeout | undefined = undefined;
  #version: CriVersion | undefined = undefined;

  /** `socketPath` is absolute. Connects at the first call, and again after `idleMs` without any. */
  constructor(socketPath: string, idleMs = IDLE_MS) {
    this.#socketPath = socketPath;
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
   * All pods of the node, or those whose sandbox's id begins with `id`.
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
    this.#client?.close();
    this.#client = undefined;
  }

  #begin(): Client {
    this.#running++;
    clearTimeout(this.#idleTimer);
    this.#client ??= new Client(`unix:${this.#socketPath}`, credentials.createInsecure(), channelOptions);
    return this.#client;
  }

  #end(): void {
    if (--this.#running === 0) {
      // gRPC's own timeout leaves the connection to a pool, which closes it ten seconds later.
      this.#idleTimer = setTimeout(() => this.close(), this.#idleMs).unref();
    }
  }

  async #call<M extends AnyUnary>(
    method: M,
    request: MessageInitShape<M['input']>,
    options: CriCallOptions,
  ): Promise<MessageShape<M['output']>> {
    const { apiVersion } = this.#version ?? (await this.version(options));
    return this.#unary(method, apiVersion, request, options);
  }

  #unary<M extends AnyUnary>(
    method: M,
    apiVersion: CriVersion['apiVersion'],
    init: MessageInitShape<M['input']>,
    { timeoutMs, signal }: CriCallOptions,
  ): Promise<MessageShape<M['output']>> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const call = this.#begin().makeUnaryRequest(
        `/runtime.${apiVersion}.RuntimeService/${method.name}`,
        (request: MessageShape<M['input']>) => Buffer.from(toBinary(method.input, request)),
        // Unknown fields are skipped: no caller reads them.
        (bytes) => fromBinary(method.output, bytes, { readUnknownFields: false }) as MessageShape<M['output']>,
        create(method.input, init) as MessageShape<M['input']>,
        { deadline: Date.now() + timeoutMs },
        (error, response) => {
          this.#end();
          listener?.[Symbol.dispose]();
          if (error === null) {
            resolve(response!);
          } else {
            reject(signal?.aborted === true ? signal.reason : toCriError(method, timeoutMs, error));
          }
        },
      );
      const listener = signal && addAbortListener(signal, () => call.cancel());
    });
  }
}

type AnyUnary = DescMethodUnary;

const codes: Readonly<Partial<Record<status, CriErrorCode>>> = {
  [status.DEADLINE_EXCEEDED]: 'timeout',
  [status.INTERNAL]: 'invalid_answer',
  [status.RESOURCE_EXHAUSTED]: 'invalid_answer',
  [status.UNAVAILABLE]: 'unreachable',
  [status.UNIMPLEMENTED]: 'unsupported',
};

function toCriError({ name }: DescMethodUnary, timeoutMs: number, error: ServiceError): CriError {
  const code = codes[error.code] ?? 'failed';
  const what = code === 'timeout' ? `Container manager did not respond within ${timeoutMs} ms` : error.details;
  return new CriError(code, `Cannot call "${name}" of the container manager: ${what}`, { cause: error });
}
