/**
 * A connection to a QEMU monitor (QMP): commands with their responses, and events. Used to read the state of a virtual
 * machine and to end it. Accepts any Duplex; starts nothing and never retries.
 */
import type { Duplex } from 'node:stream';
import { LineDecoder } from './line-decoder.ts';
import { parseMessage, type QmpEvent, type QmpMessage } from './message.ts';
import { QmpError } from './qmp-error.ts';

export interface QmpClientOptions {
  /** Timeout of the greeting and of the response to the first command. */
  readonly timeoutMs: number;
  readonly onEvent?: (event: QmpEvent) => void;
}

/** The responses used here have some hundred bytes; QEMU's longest has a few hundred thousand. */
const MAX_LINE_BYTES = 1024 * 1024;

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: QmpError) => void;
}

export class QmpClient {
  readonly #stream: Duplex;
  readonly #decoder = new LineDecoder(MAX_LINE_BYTES);
  readonly #onEvent: (event: QmpEvent) => void;
  readonly #waiting = new Map<number, Waiting>();
  readonly #greeting = Promise.withResolvers<string>();
  readonly #closed = Promise.withResolvers<QmpError>();
  #lastId = 0;
  #end: QmpError | undefined;
  #version = 'unknown';

  /**
   * Waits for the greeting and leaves the mode in which QEMU takes no commands.
   * @throws {QmpError} stream closed.
   */
  static async open(stream: Duplex, { timeoutMs, onEvent = () => undefined }: QmpClientOptions): Promise<QmpClient> {
    const client = new QmpClient(stream, onEvent);
    const timer = setTimeout(() => {
      client.#fail(new QmpError('timeout', `Cannot connect to QEMU's monitor: no greeting within ${timeoutMs} ms`));
    }, timeoutMs);
    try {
      client.#version = await client.#greeting.promise;
      clearTimeout(timer);
      await client.execute('qmp_capabilities', {}, { timeoutMs });
      return client;
    } catch (error) {
      client.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  private constructor(stream: Duplex, onEvent: (event: QmpEvent) => void) {
    this.#stream = stream;
    this.#onEvent = onEvent;
    // The caller that waits for the greeting gets its failure; there is no other receiver.
    this.#greeting.promise.catch(() => undefined);
    stream.on('data', (piece: Buffer) => this.#receive(piece));
    stream.once('error', (error) =>
      this.#fail(new QmpError('closed', `QEMU's monitor: ${error.message}`, { cause: error })),
    );
    stream.once('close', () => this.#fail(new QmpError('closed', "QEMU's monitor is closed")));
    stream.once('end', () => this.#fail(new QmpError('closed', "QEMU's monitor is closed")));
  }

  /** Version of QEMU, such as `7.2.22`. */
  get version(): string {
    return this.#version;
  }

  /** Resolves with the reason when the line is gone. */
  get closed(): Promise<QmpError> {
    return this.#closed.promise;
  }

  /**
   * The response's `return`.
   * @throws {QmpError} `refused`, `timeout`, `closed` or `invalid`.
   */
  async execute(
    command: string,
    args: Readonly<Record<string, unknown>>,
    { timeoutMs }: { readonly timeoutMs: number },
  ): Promise<unknown> {
    if (this.#end !== undefined) {
      throw this.#end;
    }
    const id = ++this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.set(id, { resolve, reject });
    const timer = setTimeout(
      () => reject(new QmpError('timeout', `QEMU did not respond to "${command}" within ${timeoutMs} ms`)),
      timeoutMs,
    );
    this.#stream.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  close(): void {
    this.#fail(new QmpError('closed', "QEMU's monitor was closed by us"));
  }

  #receive(piece: Buffer): void {
    try {
      for (const line of this.#decoder.push(piece)) {
        if (line !== '') {
          this.#handle(parseMessage(line));
        }
      }
    } catch (error) {
      this.#fail(error instanceof QmpError ? error : new QmpError('invalid', String(error), { cause: error }));
    }
  }

  #handle(message: QmpMessage): void {
    switch (message.kind) {
      case 'greeting':
        this.#greeting.resolve(message.version);
        break;
      case 'event':
        this.#onEvent(message.event);
        break;
      // The response to a command that timed out is dropped.
      case 'result':
        this.#waiting.get(message.id)?.resolve(message.value);
        break;
      case 'error':
        this.#waiting.get(message.id)?.reject(new QmpError('refused', `QEMU refused: ${message.message}`));
        break;
    }
  }

  #fail(error: QmpError): void {
    if (this.#end !== undefined) {
      return;
    }
    this.#end = error;
    this.#greeting.reject(error);
    for (const { reject } of this.#waiting.values()) {
      reject(error);
    }
    // An error of a stream that is being destroyed has been reported already.
    this.#stream.on('error', () => undefined);
    this.#stream.destroy();
    this.#closed.resolve(error);
  }
}
