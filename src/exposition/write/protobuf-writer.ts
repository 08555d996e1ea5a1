/**
 * The few wire types of protobuf that the exposition format needs, appended to chunks of a pool. A message is written in
 * place behind its length, so that the caller has to know how long it will be: the functions here tell.
 * Source: https://protobuf.dev/programming-guides/encoding/
 */
import { BACKSLASH, LETTER_N, LF } from '../format/characters.ts';
import { MAX_OVERSHOOT_BYTES, viewOf, WORD_BYTES } from '../format/words.ts';
import type { ChunkPool } from './chunk-pool.ts';

const FIXED64 = 1;
const LENGTH_DELIMITED = 2;

/** Length of a double with its tag, in bytes. */
export const DOUBLE_BYTES = 9;

/** Bytes of a varint; negative numbers are none. */
export function varintBytes(value: number | bigint): number {
  let bytes = 1;
  if (typeof value === 'bigint') {
    for (let rest = value >> 7n; rest > 0n; rest >>= 7n) {
      bytes++;
    }
    return bytes;
  }
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 0x80)) {
    bytes++;
  }
  return bytes;
}

/** Bytes of an embedded message, a string or bytes of that length, with its tag and its length. */
export function delimitedBytes(length: number): number {
  return 1 + varintBytes(length) + length;
}

/** All fields here have numbers below 16, whose tag is one byte. */
export class ProtobufWriter {
  readonly #pool: ChunkPool;
  #chunk: Buffer;
  #words: DataView;
  #at = 0;
  readonly #finished: Buffer[] = [];

  constructor(pool: ChunkPool) {
    this.#pool = pool;
    this.#chunk = pool.take(0);
    this.#words = viewOf(this.#chunk);
  }

  /** Reserves space for this number of bytes. Every other method needs space that this one has reserved. */
  reserve(bytes: number): void {
    if (this.#chunk.length - this.#at < bytes) {
      this.#finished.push(this.#chunk.subarray(0, this.#at));
      this.#chunk = this.#pool.take(bytes);
      this.#words = viewOf(this.#chunk);
      this.#at = 0;
    }
  }

  varint(field: number, value: number | bigint): void {
    this.#chunk[this.#at++] = field << 3;
    this.rawVarint(value);
  }

  double(field: number, value: number): void {
    this.#chunk[this.#at++] = (field << 3) | FIXED64;
    this.#words.setFloat64(this.#at, value, true);
    this.#at += DOUBLE_BYTES - 1;
  }

  /** Tag and length of an embedded message, a string or bytes, which must follow. */
  beginDelimited(field: number, length: number): void {
    this.#chunk[this.#at++] = (field << 3) | LENGTH_DELIMITED;
    this.rawVarint(length);
  }

  rawVarint(value: number | bigint): void {
    const chunk = this.#chunk;
    let at = this.#at;
    if (typeof value === 'bigint') {
      let rest = value;
      for (; rest > 0x7fn; rest >>= 7n) {
        chunk[at++] = Number(rest & 0x7fn) | 0x80;
      }
      chunk[at++] = Number(rest);
    } else {
      let rest = value;
      for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) {
        chunk[at++] = (rest % 0x80) | 0x80;
      }
      chunk[at++] = rest;
    }
    this.#at = at;
  }

  /** Bytes of `from` as they are. Short ones are the rule: a call of the engine's copy would cost more than the loop. */
  raw(from: Uint8Array, start: number, end: number): void {
    const chunk = this.#chunk;
    let at = this.#at;
    for (let i = start; i < end; i++) {
      chunk[at++] = from[i]!;
    }
    this.#at = at;
  }

  /**
   * Bytes of `from`, by words: `from` must go on behind `end` by what a copy by words may read. Reserves the space, and
   * `moreBytes` behind it.
   */
  rawWords(from: DataView, start: number, end: number, moreBytes: number): void {
    this.reserve(end - start + moreBytes + MAX_OVERSHOOT_BYTES);
    const words = this.#words;
    for (let i = start, at = this.#at; i < end; i += WORD_BYTES, at += WORD_BYTES) {
      words.setInt32(at, from.getInt32(i, true), true);
    }
    this.#at += end - start;
  }

  /** A label value without its escapes. */
  rawUnescaped(from: Uint8Array, start: number, end: number): void {
    const chunk = this.#chunk;
    let at = this.#at;
    for (let i = start; i < end; i++) {
      let byte = from[i]!;
      if (byte === BACKSLASH) {
        byte = from[++i]!;
        byte = byte === LETTER_N ? LF : byte;
      }
      chunk[at++] = byte;
    }
    this.#at = at;
  }

  get hasFinished(): boolean {
    return this.#finished.length > 0;
  }

  /** The chunks that are full, and from now on the caller's. */
  takeFinished(): Buffer[] {
    return this.#finished.splice(0);
  }

  /** The last chunk too; nothing can be written after it. */
  takeAll(): Buffer[] {
    this.#finished.push(this.#chunk.subarray(0, this.#at));
    return this.takeFinished();
  }
}
