/**
 * One HTTP/1.1 response, decoded as its bytes arrive in pieces of any size. Has no socket: the exchange pushes the bytes, and
 * reads the state when the connection ends or the deadline passes.
 */
import { BodyBuffer, type BodyBufferOptions } from './body-buffer.ts';
import { ChunkedDecoder } from './chunked-decoder.ts';
import { ProtocolError, parseResponseHead, type ResponseHead } from './response-head.ts';

/** Limit of the head; both known servers send less than 300 bytes. */
export const MAX_HEAD_BYTES = 16 * 1024;

/** The end of the last line and an empty line. */
const headEnd = Buffer.from('\r\n\r\n');

/** The first bytes of every response. */
const BEGINNING = 'HTTP/1.';

/** Allows for the digits that counters gain between two responses. */
const EXPECTED_GROWTH = 1.02;

/** `more`: needs more bytes. `done`: the response is complete. `full`: the body exceeds its limit. */
export type DecodeResult = 'more' | 'done' | 'full';

export interface ResponseDecoderOptions extends BodyBufferOptions {
  /** Called once, before any byte of the body is decoded. */
  readonly onHead?: ((head: ResponseHead) => void) | undefined;
}

export class ResponseDecoder {
  readonly body: BodyBuffer;
  readonly #expectedBodyBytes: number | undefined;
  readonly #onHead: ((head: ResponseHead) => void) | undefined;
  /** Bytes of an incomplete head. Has the capacity of the longest head; allocated when a head arrives in several pieces. */
  #pending: Buffer | undefined;
  #pendingBytes = 0;
  #head: ResponseHead | undefined;
  #chunks: ChunkedDecoder | undefined;

  /** `expectedBodyBytes`: length of the last body, which is reserved when the response declares no length. */
  constructor(maxBodyBytes: number, expectedBodyBytes?: number, options?: ResponseDecoderOptions) {
    this.#onHead = options?.onHead;
    this.body = new BodyBuffer(maxBodyBytes, options);
    this.#expectedBodyBytes = expectedBodyBytes;
  }

  /** The head of the response, once it has arrived. */
  get head(): ResponseHead | undefined {
    return this.#head;
  }

  /** Whether any byte of a response has arrived. */
  get hasBegun(): boolean {
    return this.#head !== undefined || this.#pendingBytes > 0;
  }

  /**
   * Decodes the next bytes. Copies what it keeps, so the caller may reuse `piece`.
   * @throws {ProtocolError} when the bytes are not HTTP, or continue after the end of the response.
   */
  push(piece: Buffer): DecodeResult {
    let offset = 0;
    if (this.#head === undefined) {
      offset = this.#takeHead(piece);
      if (this.#head === undefined) {
        return 'more';
      }
    }
    return this.#takeBody(this.#head, piece, offset);
  }

  /** Whether the response is complete when the connection ends normally now. */
  isCompleteAtClose(): boolean {
    return this.#head?.framing.kind === 'until_close';
  }

  /** Returns where the body starts in `piece`; 0 while the head is incomplete. */
  #takeHead(piece: Buffer): number {
    const before = this.#pendingBytes;
    const text = this.#readHead(piece);
    if (text === undefined) {
      return 0;
    }
    const bodyStart = text.length + headEnd.length - before;
    this.#pending = undefined;
    const head = parseResponseHead(text);
    this.#startBody(head);
    this.#onHead?.(head);
    return bodyStart;
  }

  /** The head without its empty line. Every byte is copied and examined once, whatever the size of the pieces. */
  #readHead(piece: Buffer): string | undefined {
    const before = this.#pendingBytes;
    if (before === 0) {
      // Most heads arrive in one piece, with much of the body after them.
      const end = piece.subarray(0, MAX_HEAD_BYTES + headEnd.length).indexOf(headEnd);
      if (end !== -1) {
        return piece.toString('latin1', 0, end);
      }
    }
    this.#pending ??= Buffer.allocUnsafe(MAX_HEAD_BYTES + headEnd.length);
    const pending = this.#pending;
    this.#pendingBytes += piece.copy(pending, before);
    const bytes = pending.subarray(0, this.#pendingBytes);
    const end = bytes.indexOf(headEnd, Math.max(0, before - headEnd.length + 1));
    if (end !== -1) {
      return bytes.toString('latin1', 0, end);
    }
    if (before < BEGINNING.length) {
      checkBeginning(bytes);
    }
    if (bytes.length >= MAX_HEAD_BYTES) {
      throw new ProtocolError(`Head of the response is longer than ${MAX_HEAD_BYTES} bytes`);
    }
    return undefined;
  }

  #startBody(head: ResponseHead): void {
    if (head.status < 200) {
      throw new ProtocolError(`Status ${head.status} was not requested`);
    }
    this.#head = head;
    if (head.framing.kind === 'chunked') {
      this.#chunks = new ChunkedDecoder(this.body);
    }
    if (head.framing.kind === 'length') {
      this.body.reserve(head.framing.bytes);
    } else if (this.#expectedBodyBytes !== undefined) {
      this.body.reserve(Math.ceil(this.#expectedBodyBytes * EXPECTED_GROWTH));
    }
  }

  #takeBody(head: ResponseHead, piece: Buffer, offset: number): DecodeResult {
    if (this.#chunks !== undefined) {
      const result = this.#chunks.push(piece, offset);
      if (result === 'done') {
        checkNothingFollows(piece, this.#chunks.offset);
      }
      return result;
    }
    if (head.framing.kind !== 'length') {
      return this.body.append(piece, offset, piece.length) ? 'more' : 'full';
    }
    const stop = Math.min(piece.length, offset + head.framing.bytes - this.body.length);
    if (!this.body.append(piece, offset, stop)) {
      return 'full';
    }
    checkNothingFollows(piece, stop);
    return this.body.length === head.framing.bytes ? 'done' : 'more';
  }
}

/** Rejects bytes that are not HTTP immediately, without waiting for an empty line that never comes. */
function checkBeginning(bytes: Buffer): void {
  const seen = bytes.toString('latin1', 0, BEGINNING.length);
  if (!BEGINNING.startsWith(seen)) {
    throw new ProtocolError(`Not an HTTP/1.1 response: ${JSON.stringify(bytes.toString('latin1', 0, 32))}`);
  }
}

function checkNothingFollows(piece: Buffer, offset: number): void {
  if (offset < piece.length) {
    throw new ProtocolError(`${piece.length - offset} bytes follow the end of the response`);
  }
}
