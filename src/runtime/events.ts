/**
 * Publishes the events of tasks to containerd, in order. While containerd restarts, events wait and are sent again over a
 * new connection.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { timestampNow } from '@bufbuild/protobuf/wkt';
import type { Log } from '../program/index.ts';
import { Events } from '../runtime-proto/index.ts';
import { dialUnix } from '../transport/index.ts';
import { TtrpcClient, TtrpcError } from '../ttrpc/index.ts';

export interface EventPublisherOptions {
  /** The path of containerd's socket for events. */
  readonly socketPath: string;
  readonly namespace: string;
  readonly log: Log;
}

const CALL_TIMEOUT_MS = 5_000;
/** Pauses between tries; the last is repeated. */
const RETRY_MS = [0, 1_000, 2_000, 3_000, 5_000] as const;
/** Limit of waiting events of a pod that flaps while containerd is gone for long; the newest are dropped then. */
const MAX_WAITING = 4096;

interface WaitingEvent {
  readonly topic: string;
  readonly typeUrl: string;
  readonly value: Uint8Array;
  readonly timestamp: ReturnType<typeof timestampNow>;
}

export class EventPublisher {
  readonly #options: EventPublisherOptions;
  readonly #waiting: WaitingEvent[] = [];
  #client: TtrpcClient | undefined;
  #sending: Promise<void> | undefined;
  readonly #closing = new AbortController();

  constructor(options: EventPublisherOptions) {
    this.#options = options;
  }

  /** `topic` as containerd names it, such as `/tasks/exit`. Returns at once. */
  publish<S extends DescMessage>(topic: string, schema: S, init: MessageInitShape<S>): void {
    if (this.#waiting.length >= MAX_WAITING) {
      this.#options.log.error(`Event "${topic}" is dropped: ${MAX_WAITING} wait for containerd already`);
      return;
    }
    this.#waiting.push({
      topic,
      typeUrl: schema.typeName,
      value: toBinary(schema, create(schema, init)),
      timestamp: timestampNow(),
    });
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined;
    });
  }

  /** Resolves when nothing waits any more, or the time is over; then the rest is lost. */
  async close(graceMs: number): Promise<void> {
    const timer = setTimeout(() => this.#closing.abort(), graceMs);
    await this.#sending;
    clearTimeout(timer);
    this.#client?.close();
  }

  async #sendAll(): Promise<void> {
    for (let tries = 0; this.#waiting.length > 0; ) {
      try {
        await this.#send(this.#waiting[0]!);
        this.#waiting.shift();
        tries = 0;
      } catch (error) {
        if (error instanceof TtrpcError && error.origin === 'peer') {
          // containerd has it and does not want it: the events after it are not held up.
          this.#options.log.error(`containerd refused event "${this.#waiting.shift()?.topic}": ${error.rawMessage}`);
          continue;
        }
        this.#client?.close();
        this.#client = undefined;
        const pauseMs = RETRY_MS[Math.min(tries, RETRY_MS.length - 1)]!;
        tries += 1;
        this.#options.log.warn(
          `Cannot send an event to containerd, trying again in ${pauseMs} ms: ${error instanceof Error ? error.message : String(error)}`,
        );
        try {
          await sleep(pauseMs, undefined, { signal: this.#closing.signal });
        } catch {
          return;
        }
      }
    }
  }

  async #send({ topic, typeUrl, value, timestamp }: WaitingEvent): Promise<void> {
    const { socketPath, namespace } = this.#options;
    this.#client ??= new TtrpcClient(await dialUnix(socketPath, { timeoutMs: CALL_TIMEOUT_MS }));
    await this.#client.unary(
      Events.method.forward,
      { envelope: { timestamp, namespace, topic, event: { typeUrl, value } } },
      { timeoutMs: CALL_TIMEOUT_MS, metadata: { 'containerd-namespace-ttrpc': namespace } },
    );
  }
}
