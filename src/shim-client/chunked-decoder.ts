/**
 * Decodes the chunked transfer coding (RFC 9112 section 7.1) of a body as it arrives, in pieces of any size. Extensions and
 * trailers are skipped; both count towards a limit, so that framing alone cannot keep the reader busy.
 */
import type { BodyBuffer } from './body-buffer.ts';
import { ProtocolError } from './response-head.ts';

/** 2^52, beyond any limit of a body; more digits would exceed the exact integers. */
const MAX_SIZE_DIGITS = 13;
/** The framing of a normal response is under 1 % of its body; this limit allows a 10 KB page in 1-byte chunks. */
const MAX_FRAMING_BYTES = 64 * 1024;

const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;
const SEMICOLON = 0x3b;

type State =
  | 'size'
  | 'extension'
  | 'size_lf'
  | 'data'
  | 'data_cr'
  | 'data_lf'
  | 'trailer_start'
  | 'trailer'
  | 'trailer_lf'
  | 'last_lf'
  | 'done';

/** `more`: needs more bytes. `done`: the last byte of the body is before `offset`. `full`: the body exceeds its limit. */
export type ChunkResult = 'more' | 'done' | 'full';

export class ChunkedDecoder {
  readonly #body: BodyBuffer;
  #state: State = 'size';
  /** The size of the chunk while the size is read, then the bytes that remain of the chunk. */
  #chunkBytes = 0;
  #sizeDigits = 0;
  #framingBytes = 0;
  /** Offset at which decoding stopped in the last piece: the bytes after it are not part of the body. */
  offset = 0;

  constructor(body: BodyBuffer) {
    this.#body = body;
  }

  /**
   * Decodes `piece` from `start` into the body.
   * @throws {ProtocolError} when the coding is malformed.
   */
  push(piece: Buffer, start: number): ChunkResult {
    let offset = start;
    while (offset < piece.length && this.#state !== 'done') {
      if (this.#state === 'data') {
        const stop = Math.min(piece.length, offset + this.#chunkBytes);
        if (!this.#body.append(piece, offset, stop)) {
          return 'full';
        }
        this.#chunkBytes -= stop - offset;
        offset = stop;
        if (this.#chunkBytes === 0) {
          this.#state = 'data_cr';
        }
      } else {
        this.#state = this.#next(piece[offset++]!);
        this.#countFraming();
      }
    }
    this.offset = offset;
    return this.#state === 'done' ? 'done' : 'more';
  }

  #next(byte: number): State {
    switch (this.#state) {
      case 'size':
        return this.#nextInSize(byte);
      case 'extension':
        return byte === CR ? 'size_lf' : refuse(byte === LF, byte, 'extension');
      case 'size_lf':
        this.#sizeDigits = 0;
        return refuse(byte !== LF, byte, this.#chunkBytes === 0 ? 'trailer_start' : 'data');
      case 'data_cr':
        return refuse(byte !== CR, byte, 'data_lf');
      case 'data_lf':
        return refuse(byte !== LF, byte, 'size');
      case 'trailer_start':
        return byte === CR ? 'last_lf' : refuse(byte === LF, byte, 'trailer');
      case 'trailer':
        return byte === CR ? 'trailer_lf' : refuse(byte === LF, byte, 'trailer');
      case 'trailer_lf':
        return refuse(byte !== LF, byte, 'trailer_start');
      default:
        return refuse(byte !== LF, byte, 'done');
    }
  }

  #nextInSize(byte: number): State {
    const digit = hexDigit(byte);
    if (digit === undefined) {
      const isSeparator = byte === CR || byte === SEMICOLON || byte === SPACE || byte === TAB;
      return refuse(this.#sizeDigits === 0 || !isSeparator, byte, byte === CR ? 'size_lf' : 'extension');
    }
    this.#sizeDigits++;
    if (this.#sizeDigits > MAX_SIZE_DIGITS) {
      throw new ProtocolError(`Chunk size has more than ${MAX_SIZE_DIGITS} digits`);
    }
    this.#chunkBytes = this.#chunkBytes * 16 + digit;
    return 'size';
  }

  #countFraming(): void {
    this.#framingBytes++;
    if (this.#framingBytes > MAX_FRAMING_BYTES + this.#body.length) {
      throw new ProtocolError(
        `Framing of the chunks exceeds the size of the body by more than ${MAX_FRAMING_BYTES} bytes`,
      );
    }
  }
}

function refuse(isWrong: boolean, byte: number, otherwise: State): State {
  if (isWrong) {
    throw new ProtocolError(`Chunked coding is malformed at byte 0x${byte.toString(16).padStart(2, '0')}`);
  }
  return otherwise;
}

function hexDigit(byte: number): number | undefined {
  if (byte >= 0x30 && byte <= 0x39) {
    return byte - 0x30;
  }
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : undefined;
}
