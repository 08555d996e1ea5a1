/**
 * The connection of the runtime to the agent in the guest: one for the life of the sandbox. The guest is hostile: its
 * messages are limited in size and checked, and its error texts are truncated and escaped before they are reported.
 */
import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { AgentService } from '../proto/index.ts';
import { ContainerService } from '../runtime-proto/index.ts';
import { type Address, dial } from '../transport/index.ts';
import { Code, TtrpcClient, TtrpcError } from '../ttrpc/index.ts';

/** Timeout of calls that the guest can finish without waiting for another program. */
const DEFAULT_TIMEOUT_MS = 60_000;
const DIAL_TIMEOUT_MS = 30_000;
/** Each process has two reads and a wait under way all the time, and a pod has a few hundred processes at most. */
export const MAX_CONCURRENT_CALLS = 1024;
const MAX_ERROR_CHARS = 500;

export type OnRpc = (action: string, durationMs: number) => void;

export interface AgentClientOptions {
  readonly address: Address;
  /** Called for every call that has ended, failed ones too: `action` is the full name of its request message. */
  readonly onRpc: OnRpc;
}

/** All calls reject with a TtrpcError: UNAVAILABLE once the connection is lost. */
export class AgentClient {
  /** Resolves with the reason when the connection is lost. */
  readonly lost: Promise<string>;
  readonly #client: TtrpcClient;
  readonly #onRpc: OnRpc;

  private constructor(client: TtrpcClient, onRpc: OnRpc) {
    this.#client = client;
    this.#onRpc = onRpc;
    this.lost = client.closed.then((error) => cleanText(error.rawMessage));
  }

  /** @throws {TransportError} when the guest does not take the connection in time. */
  static async connect({ address, onRpc }: AgentClientOptions): Promise<AgentClient> {
    const stream = await dial(address, { timeoutMs: DIAL_TIMEOUT_MS });
    return new AgentClient(new TtrpcClient(stream, { maxConcurrentCalls: MAX_CONCURRENT_CALLS }), onRpc);
  }

  /** A call that the guest finishes within its time. */
  call<N extends UnaryName>(
    name: N,
    request: MessageInitShape<Methods[N]['input']>,
    timeoutMs: number = DEFAULT_TIMEOUT_MS,
  ): Promise<MessageShape<Methods[N]['output']>> {
    return this.#unary(methodOf(name), request, timeoutMs);
  }

  /** A call that lasts until something happens in the guest. */
  wait<N extends UnaryName>(
    name: N,
    request: MessageInitShape<Methods[N]['input']>,
  ): Promise<MessageShape<Methods[N]['output']>> {
    return this.#unary(methodOf(name), request, undefined);
  }

  statsContainer(containerId: string): Promise<MessageShape<typeof AgentService.method.statsContainer.output>> {
    return this.#unary(AgentService.method.statsContainer, { containerId }, DEFAULT_TIMEOUT_MS);
  }

  close(): void {
    this.#client.close();
  }

  async #unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    timeoutMs: number | undefined,
  ): Promise<MessageShape<O>> {
    const startMs = performance.now();
    try {
      return await this.#client.unary(method, request, { timeoutMs });
    } catch (error) {
      throw toCleanError(error);
    } finally {
      this.#onRpc(method.input.typeName, performance.now() - startMs);
    }
  }
}

const methods = { ...ContainerService.method, getOOMEvent: AgentService.method.getOOMEvent };

type Methods = typeof methods;
/** All of them have one request and one response. */
type UnaryName = keyof Methods;

function methodOf<N extends UnaryName>(name: N): DescMethodUnary<Methods[N]['input'], Methods[N]['output']> {
  return methods[name] as unknown as DescMethodUnary<Methods[N]['input'], Methods[N]['output']>;
}

/** Returns one line of printable characters. */
export function cleanText(text: string): string {
  return text
    .slice(0, MAX_ERROR_CHARS)
    .replaceAll(/[^\x20-\x7e\u00a0-\ud7ff]+/g, ' ')
    .trim();
}

function toCleanError(error: unknown): TtrpcError {
  if (error instanceof TtrpcError) {
    return new TtrpcError(error.code, cleanText(error.rawMessage), { cause: error });
  }
  return new TtrpcError(Code.internal, cleanText(String(error)), { cause: error });
}
