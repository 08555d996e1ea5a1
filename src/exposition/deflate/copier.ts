/**
 * Writes gzip whose repetitions the caller knows: pieces of bytes that are new, or that occurred in the output before.
 * Adjacent copies become one match.
 */
import { BlockWriter } from './block-writer.ts';
import { crcOfBytes, joinCrcs, type ZeroBytes } from './crc32.ts';
import { MAX_DISTANCE, MIN_MATCH_BYTES } from './symbols.ts';

/** RFC 1952, section 2.3: no name, no time, no operating system. */
const gzipHeader = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff] as const;

/** Shorter copies are given as their bytes, of which a match is no shorter. */
const pair = new Uint8Array(MIN_MATCH_BYTES - 1);

export class Copier {
  readonly #blocks = new BlockWriter();
  /** Bytes so far. */
  at = 0;
  #crc = 0;
  /** The copy that the next one may continue. */
  #length = 0;
  #distance = 0;
  #first = 0;
  #second = 0;

  constructor() {
    this.#blocks.output.bytes(gzipHeader);
  }

  get hasFinished(): boolean {
    return this.#blocks.output.hasFinished;
  }

  takeFinished(): Buffer[] {
    return this.#blocks.output.takeFinished();
  }

  /** Marks that the following bytes differ from those before. */
  beginPart(): void {
    this.#flush();
    this.#blocks.beginPart();
  }

  /** Bytes that are new. `check` follows separately, as after `copy`. */
  literals(bytes: Uint8Array, start: number, end: number): void {
    if (start === end) {
      return;
    }
    if (this.#length > 0) {
      this.#flush();
    }
    this.#blocks.literals(bytes, start, end);
    this.at += end - start;
  }

  /** Whether bytes that began at `at` are near enough to be copied. */
  isNear(at: number): boolean {
    const distance = this.at - at;
    return at >= 0 && distance <= MAX_DISTANCE && distance > 0;
  }

  /**
   * `bytes` from `start` to `end`, which stand in the output at `from`. Where they are not near any more, because what was written
   * since the last copy is longer than what it replaces, they are written as new ones.
   */
  copy(from: number, bytes: Uint8Array, start: number, end: number): void {
    const distance = this.at - from;
    if (distance > MAX_DISTANCE) {
      this.literals(bytes, start, end);
      return;
    }
    if (this.#length > 0 && this.#distance !== distance) {
      this.#flush();
    }
    if (this.#length === 0) {
      this.#distance = distance;
      this.#first = bytes[start]!;
      this.#second = bytes[start + 1]!;
    } else if (this.#length === 1) {
      this.#second = bytes[start]!;
    }
    this.#length += end - start;
    this.at += end - start;
  }

  /** Copies a match of 3 bytes or more, which must be near. */
  copyLong(from: number, length: number): void {
    const distance = this.at - from;
    if (this.#distance !== distance || this.#length === 0) {
      if (this.#length > 0) {
        this.#flush();
      }
      this.#distance = distance;
    }
    this.#length += length;
    this.at += length;
  }

  /** Every byte is checked once, in order: those of a known CRC by their length, … */
  checkKnown(crc: number, zeros: ZeroBytes): void {
    this.#crc = joinCrcs(this.#crc, crc, zeros);
  }

  /** … or byte by byte. */
  check(bytes: Uint8Array, start: number, end: number): void {
    this.#crc = crcOfBytes(this.#crc, bytes, start, end);
  }

  /** All that is left; nothing can be written after it. */
  takeAll(): Buffer[] {
    this.#flush();
    this.#blocks.end();
    const { output } = this.#blocks;
    for (const word of [this.#crc, this.at]) {
      output.bytes([word & 255, (word >>> 8) & 255, (word >>> 16) & 255, word >>> 24]);
    }
    return output.takeAll();
  }

  #flush(): void {
    if (this.#length >= MIN_MATCH_BYTES) {
      this.#blocks.match(this.#length, this.#distance);
    } else {
      pair[0] = this.#first;
      pair[1] = this.#second;
      this.#blocks.literals(pair, 0, this.#length);
    }
    this.#length = 0;
  }
}
