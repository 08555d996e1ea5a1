/**
 * Copies one output stream of a process from the guest to its FIFO, until the process closes it. Output without a reader
 * is dropped, because the process would block in its write otherwise.
 */
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../program/index.ts';

/** Bytes of one read. */
const READ_BYTES = 64 * 1024;
/** Pause between reads of output that is dropped after `stop`: a child that was left behind must not keep this process busy. */
const DROP_PAUSE_MS = 100;

export interface OutputPumpOptions {
  /** Resolves with 1 to `maxBytes` bytes, or none at the end of the stream. */
  readonly read: (maxBytes: number) => Promise<Uint8Array>;
  readonly output: Writable | undefined;
  readonly log: Log;
}

export class OutputPump {
  /** Resolves when everything was written and the FIFO is closed; never rejects. */
  readonly done: Promise<void>;
  /** Time of the last piece that was written, by `performance.now`. */
  lastProgressMs = performance.now();
  #isStopped = false;
  readonly #options: OutputPumpOptions;
  /** A FIFO that is closed while it is full never calls a write back. */
  readonly #closed: Promise<unknown>;

  constructor(options: OutputPumpOptions) {
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#closed = promise;
    options.output?.once('close', () => resolve());
    options.output?.on('error', (error) => {
      this.#isStopped = true;
      options.log.warn(`Cannot write output: ${error.message}`);
    });
    this.done = this.#run();
  }

  /**
   * Stops the copy. Output that has not arrived yet is lost, but read: a child that was left behind would block in its write, and
   * the guest would keep the process until its output has ended.
   */
  stop(): void {
    this.#isStopped = true;
    this.#options.output?.destroy();
  }

  async #run(): Promise<void> {
    const { read, output, log } = this.#options;
    try {
      for (;;) {
        const data = await read(READ_BYTES);
        if (data.length === 0) {
          break;
        }
        if (this.#isStopped) {
          void this.#drop();
          break;
        }
        if (data.length > READ_BYTES) {
          throw new RangeError(`the guest sent ${data.length} bytes where ${READ_BYTES} were requested`);
        }
        this.lastProgressMs = performance.now();
        await this.#write(output, data);
        this.lastProgressMs = performance.now();
      }
    } catch (error) {
      if (!this.#isStopped) {
        log.warn(`Output ends early: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    output?.destroy();
  }

  /** Never rejects. */
  async #drop(): Promise<void> {
    try {
      do {
        await sleep(DROP_PAUSE_MS, undefined, { ref: false });
      } while ((await this.#options.read(READ_BYTES)).length > 0);
    } catch {
      // The container or its guest is gone.
    }
  }

  async #write(output: Writable | undefined, data: Uint8Array): Promise<void> {
    if (output === undefined || this.#isStopped) {
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    output.write(data, () => resolve());
    await Promise.race([promise, this.#closed]);
  }
}
