/**
 * The body of one answer while it is being read: one growing buffer with a bound, so that a shim which sends without end
 * costs at most that bound.
 */

/** Where nothing is known of the length. Most answers fit: a Go shim's has about 55 KB. */
const initialBytes = 64 * 1024;
/** A length that is only claimed gets no more than this before the bytes are there. */
const maxReservedBytes = 256 * 1024;

/** Gives a buffer of at least so many bytes, with anything in it. */
export type Allocate = (bytes: number) => Buffer;

/** How many of so many bytes in all may be kept. */
export type LimitBytes = (bytes: number) => number;

export interface BodyBufferOptions {
  readonly allocate?: Allocate | undefined;
  /** Gets copies of the bytes as they come, and nothing is kept. Default: all of them are kept. */
  readonly onBytes?: ((bytes: Buffer) => void) | undefined;
  /** Called before it grows beyond `maxReservedBytes`. Default: it may. */
  readonly limitBytes?: LimitBytes | undefined;
}

export class BodyBuffer {
  readonly #maxBytes: number;
  readonly #limitBytes: LimitBytes;
  readonly #onBytes: ((bytes: Buffer) => void) | undefined;
  readonly #allocate: Allocate;
  #buffer: Buffer | undefined;
  #length = 0;

  /** `maxBytes` is the most that is ever kept. */
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

  /** Makes room for `bytes` in all, as far as the bound allows: called when the length is known, or guessed, beforehand. */
  reserve(bytes: number): void {
    if (this.#onBytes !== undefined) {
      return;
    }
    this.#buffer ??= this.#allocate(Math.min(bytes, this.#maxBytes, maxReservedBytes));
  }

  /** Copies `source[start..end)`; returns false when the bound cut it short. */
  append(source: Buffer, start: number, end: number): boolean {
    const wanted = this.#length + end - start;
    if (this.#onBytes !== undefined) {
      return this.#passOn(source, start, Math.min(end, start + this.#maxBytes - this.#length)) === end;
    }
    const buffer = this.#withRoomFor(Math.min(wanted, this.#maxBytes));
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

  /** What has been kept; shares memory with this object. */
  bytes(): Buffer {
    return this.#buffer === undefined ? Buffer.alloc(0) : this.#buffer.subarray(0, this.#length);
  }

  /** Room for so many bytes, or for as many as the limit allows. */
  #withRoomFor(bytes: number): Buffer {
    const old = this.#buffer;
    if (old !== undefined && old.length >= bytes) {
      return old;
    }
    const most = Math.max(bytes, Math.min(this.#maxBytes, old === undefined ? initialBytes : old.length * 2));
    const size = most <= maxReservedBytes ? most : Math.max(old?.length ?? 0, this.#limitBytes(most));
    if (old !== undefined && size === old.length) {
      return old;
    }
    const grown = this.#allocate(size);
    old?.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
    return grown;
  }
}
