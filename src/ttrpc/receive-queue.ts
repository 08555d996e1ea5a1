/**
 * Messages of one stream between the connection that receives them and the code that reads them with `for await`. Limited
 * in bytes: a message that does not fit is refused, and the call that owns the queue fails.
 */
import { MESSAGE_OVERHEAD_BYTES } from './limits.ts';

export interface ReceiveQueueOptions<T> {
  /** Decodes a message when it is read. Its error is passed to the reader and ends the stream. */
  decode: (payload: Uint8Array) => T;
  maxBufferedBytes: number;
  /** The reader stopped early, or `decode` threw. Called once, and never after `end`, `fail` or `abort`. */
  onAbandoned: (error: unknown) => void;
}

interface Waiter<T> {
  resolve: (result: IteratorResult<T, undefined>) => void;
  reject: (error: unknown) => void;
}

type Ending = { readonly kind: 'done' } | { readonly kind: 'failed'; readonly error: unknown };

export class ReceiveQueue<T> implements AsyncIterableIterator<T, undefined> {
  readonly #options: ReceiveQueueOptions<T>;
  readonly #payloads: Uint8Array[] = [];
  readonly #waiters: Waiter<T>[] = [];
  #bufferedBytes = 0;
  #ending: Ending | undefined;

  constructor(options: ReceiveQueueOptions<T>) {
    this.#options = options;
  }

  /** Takes a message; false if it does not fit. One message always fits in an empty queue. */
  push(payload: Uint8Array): boolean {
    if (this.#ending !== undefined) {
      return true;
    }
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) {
      this.#deliver(payload, waiter);
      return true;
    }
    const bytes = payload.length + MESSAGE_OVERHEAD_BYTES;
    if (this.#payloads.length > 0 && this.#bufferedBytes + bytes > this.#options.maxBufferedBytes) {
      return false;
    }
    this.#bufferedBytes += bytes;
    this.#payloads.push(detach(payload));
    return true;
  }

  /** No more messages: the reader gets what waits, then the end. */
  end(): void {
    this.#finish({ kind: 'done' });
  }

  /** The reader gets what waits, then the error. */
  fail(error: unknown): void {
    this.#finish({ kind: 'failed', error });
  }

  /** The reader gets the error at once; what waits is dropped. */
  abort(error: unknown): void {
    if (this.#ending !== undefined && this.#payloads.length === 0) {
      return;
    }
    this.#ending = undefined;
    this.#drop();
    this.#finish({ kind: 'failed', error });
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return new Promise((resolve, reject) => {
      const payload = this.#payloads.shift();
      if (payload !== undefined) {
        this.#bufferedBytes -= payload.length + MESSAGE_OVERHEAD_BYTES;
        this.#deliver(payload, { resolve, reject });
      } else if (this.#ending !== undefined) {
        this.#settle({ resolve, reject }, this.#ending);
      } else {
        this.#waiters.push({ resolve, reject });
      }
    });
  }

  /** Called by `for await` when its body breaks, returns or throws. */
  return(): Promise<IteratorResult<T, undefined>> {
    this.#drop();
    const wasOpen = this.#ending === undefined;
    this.#ending = { kind: 'done' };
    for (const waiter of this.#waiters.splice(0)) {
      this.#settle(waiter, this.#ending);
    }
    if (wasOpen) {
      this.#options.onAbandoned(new Error('The reader of the stream stopped'));
    }
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #deliver(payload: Uint8Array, waiter: Waiter<T>): void {
    let value: T;
    try {
      value = this.#options.decode(payload);
    } catch (error) {
      this.#drop();
      const wasOpen = this.#ending === undefined;
      this.#ending = { kind: 'done' };
      waiter.reject(error);
      for (const each of this.#waiters.splice(0)) {
        this.#settle(each, this.#ending);
      }
      if (wasOpen) {
        this.#options.onAbandoned(error);
      }
      return;
    }
    waiter.resolve({ done: false, value });
  }

  #finish(ending: Ending): void {
    if (this.#ending !== undefined) {
      return;
    }
    this.#ending = ending;
    for (const waiter of this.#waiters.splice(0)) {
      this.#settle(waiter, this.#ending);
    }
  }

  /** An error is reported once; a reader that continues then gets the end. */
  #settle(waiter: Waiter<T>, ending: Ending): void {
    if (ending.kind === 'done') {
      waiter.resolve({ done: true, value: undefined });
      return;
    }
    this.#ending = { kind: 'done' };
    waiter.reject(ending.error);
  }

  #drop(): void {
    this.#payloads.length = 0;
    this.#bufferedBytes = 0;
  }
}

/** A small message must not keep the large chunk alive that it came in: a copy where the view is less than half of it. */
function detach(payload: Uint8Array): Uint8Array {
  return payload.length * 2 < payload.buffer.byteLength ? Uint8Array.from(payload) : payload;
}
