/**
 * Output of a process in a container, buffered until the host reads it. The buffer is small: a process whose output is
 * not read blocks in its write, as with any pipe.
 */
import { addAbortListener } from 'node:events';
import type { Readable } from 'node:stream';
import { GrowingBytes } from '../../program/growing-bytes.ts';

/** Bytes that wait for a read; then the stream is paused. */
const MAX_WAITING_BYTES = 256 * 1024;

export class OutputReader {
  readonly #stream: Readable;
  /** In one buffer, because a process may write each byte alone. Those before `#from` have been read. */
  readonly #waiting = new GrowingBytes();
  #from = 0;
  #isEnded = false;
  #waiters: (() => void)[] = [];

  /** A stream that fails has ended: a terminal whose other side is closed fails with EIO. */
  constructor(stream: Readable) {
    this.#stream = stream;
    stream.on('data', (chunk: Buffer) => {
      this.#waiting.push(chunk);
      if (this.#waitingBytes >= MAX_WAITING_BYTES) {
        stream.pause();
      }
      this.#wake();
    });
    const end = (): void => {
      this.#isEnded = true;
      this.#wake();
    };
    stream.on('error', end);
    stream.on('end', end);
    stream.on('close', end);
  }

  /** The end of the stream was read: no read is to come. */
  isEndRead = false;

  /**
   * Resolves with 1 to `maxBytes` bytes as soon as there are some, or with none at the end of the stream, or when the
   * signal is aborted: then nothing is lost.
   */
  async read(maxBytes: number, signal: AbortSignal): Promise<Buffer> {
    while (this.#waitingBytes === 0 && !this.#isEnded && !signal.aborted) {
      await this.#change(signal);
    }
    if (signal.aborted) {
      return Buffer.alloc(0);
    }
    this.isEndRead = this.#waitingBytes === 0;
    return this.#take(maxBytes);
  }

  /** Drops the remaining output. */
  close(): void {
    this.#stream.destroy();
    this.#isEnded = true;
    this.#drop();
    this.#wake();
  }

  async #change(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiters.push(resolve);
    const listener = addAbortListener(signal, () => resolve());
    await promise;
    listener[Symbol.dispose]();
  }

  #wake(): void {
    for (const wake of this.#waiters.splice(0)) {
      wake();
    }
  }

  get #waitingBytes(): number {
    return this.#waiting.length - this.#from;
  }

  #take(maxBytes: number): Buffer {
    const taken = Buffer.from(this.#waiting.bytes.subarray(this.#from, this.#from + maxBytes));
    this.#from += taken.length;
    if (this.#waitingBytes === 0) {
      this.#drop();
    } else if (this.#from >= MAX_WAITING_BYTES) {
      // So seldom that each byte is copied once.
      const rest = Buffer.from(this.#waiting.bytes.subarray(this.#from));
      this.#drop();
      this.#waiting.push(rest);
    }
    if (this.#waitingBytes < MAX_WAITING_BYTES && this.#stream.isPaused()) {
      this.#stream.resume();
    }
    return taken;
  }

  #drop(): void {
    this.#waiting.clear();
    this.#from = 0;
  }
}
