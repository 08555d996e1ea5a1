/**
 * The body of one response while it is read: one growing buffer with a limit, so that a shim that sends endlessly costs at
 * most that limit.
 */

/** Initial size when the length is unknown. Most responses fit: that of a Go shim has about 55 KB. */
const INITIAL_BYTES = 64 * 1024;
/** The most that is reserved for a declared length before its bytes have arrived. */
const MAX_RESERVED_BYTES = 256 * 1024;

/** Returns a buffer of at least `bytes` bytes with arbitrary content. */
export type Allocate = (bytes: number) => Buffer;

/** Returns how many of `bytes` bytes, the total length, may be kept. */
export type LimitBytes = (bytes: number) => number;

export interface BodyBufferOptions {
  readonly allocate?: Allocate | undefined;
  /** Receives copies of the bytes as they arrive; nothing is kept then. Default: all bytes are kept. */
  readonly onBytes?: ((bytes: Buffer) => void) | undefined;
  /** Called before the buffer grows beyond `MAX_RESERVED_BYTES`. Default: no further limit. */
  readonly limitBytes?: LimitBytes | undefined;
}

export class BodyBuffer {
  readonly #maxBytes: number;
  readonly #limitBytes: LimitBytes;
  readonly #onBytes: ((bytes: Buffer) => void) | undefined;
  readonly #allocate: Allocate;
  #buffer: Buffer | undefined;
  #length = 0;

  /** `maxBytes` is the limit of the bytes that are kept. */
  constructor(
    maxBytes: number,
    { allocate = Buffer.allocUnsafeSlow, limitBytes = (bytes) => bytes, onBytes }: BodyBufferOptions = {},
  ) {
    this.#maxBytes = maxBytes;
    this.#limitBytes = limitBytes;
    this.#onBytes = onBytes;
    this.#allocate = allocate;
  }

  /** Bytes kept so far. */
  get length(): number {
    return this.#length;
  }

  /** Reserves `bytes` in total, up to the limit. Called when the length is known or estimated in advance. */
  reserve(bytes: number): void {
    if (this.#onBytes !== undefined) {
      return;
    }
    this.#buffer ??= this.#allocate(Math.min(bytes, this.#maxBytes, MAX_RESERVED_BYTES));
  }

  /** Appends a copy of `source[start..end)`; returns false when the limit truncated it. */
  append(source: Buffer, start: number, end: number): boolean {
    const wanted = this.#length + end - start;
    if (this.#onBytes !== undefined) {
      return this.#passOn(source, start, Math.min(end, start + this.#maxBytes - this.#length)) === end;
    }
    const buffer = this.#grow(Math.min(wanted, this.#maxBytes));
    const kept = Math.min(wanted, this.#maxBytes, buffer.length);
    source.copy(buffer, this.#length, start, start + kept - this.#length);
    this.#length = kept;
    return kept === wanted;
  }

  #passOn(source: Buffer, start: number, end: number): number {
    this.#length += end - start;
    if (end > start) {
      this.#onBytes?.(Buffer.from(source.subarray(start, end)));
    }
    return end;
  }

  /** The bytes kept so far; shares memory with this object. */
  bytes(): Buffer {
    return this.#buffer === undefined ? Buffer.alloc(0) : this.#buffer.subarray(0, this.#length);
  }

  /** Returns a buffer with capacity for `bytes`, or for as many as the limit allows. */
  #grow(bytes: number): Buffer {
    const old = this.#buffer;
    if (old !== undefined && old.length >= bytes) {
      return old;
    }
    const most = Math.max(bytes, Math.min(this.#maxBytes, old === undefined ? INITIAL_BYTES : old.length * 2));
    const size = most <= MAX_RESERVED_BYTES ? most : Math.max(old?.length ?? 0, this.#limitBytes(most));
    if (old !== undefined && size === old.length) {
      return old;
    }
    const grown = this.#allocate(size);
    old?.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
    return grown;
  }
}
