/**
 * One HTTP/1.1 answer, decoded as its bytes arrive in pieces of any size. Knows no socket: the exchange feeds it, and asks
 * it what came of it when the connection ended or time was up.
 */
import { BodyBuffer, type BodyBufferOptions } from './body-buffer.ts';
import { ChunkedDecoder } from './chunked-decoder.ts';
import { ProtocolError, parseResponseHead, type ResponseHead } from './response-head.ts';

/** Both known servers send less than 300 bytes. */
export const maxHeadBytes = 16 * 1024;

/** An empty line, behind the last line's end. */
const headEnd = Buffer.from('\r\n\r\n');

/** Of every response. */
const beginning = 'HTTP/1.';

/** Room for the digits that counters gain between two answers. */
const expectedGrowth = 1.02;

/** `more`: feed on. `done`: the answer is whole. `full`: the body's bound was crossed. */
export type DecodeResult = 'more' | 'done' | 'full';

export interface ResponseDecoderOptions extends BodyBufferOptions {
  /** Called once, before any byte of the body is looked at. */
  readonly onHead?: ((head: ResponseHead) => void) | undefined;
}

export class ResponseDecoder {
  readonly body: BodyBuffer;
  readonly #expectedBodyBytes: number | undefined;
  readonly #onHead: ((head: ResponseHead) => void) | undefined;
  /** Bytes of a head that has not ended; room for the longest one, reserved when a head comes in more than one piece. */
  #pending: Buffer | undefined;
  #pendingBytes = 0;
  #head: ResponseHead | undefined;
  #chunks: ChunkedDecoder | undefined;

  /** `expectedBodyBytes` is what the last answer had: room is made for that where no length is given. */
  constructor(maxBodyBytes: number, expectedBodyBytes?: number, options?: ResponseDecoderOptions) {
    this.#onHead = options?.onHead;
    this.body = new BodyBuffer(maxBodyBytes, options);
    this.#expectedBodyBytes = expectedBodyBytes;
  }

  /** The answer's head, as soon as it is there. */
  get head(): ResponseHead | undefined {
    return this.#head;
  }

  /** Whether any byte of an answer has been seen. */
  get hasBegun(): boolean {
    return this.#head !== undefined || this.#pendingBytes > 0;
  }

  /**
   * Takes the next bytes; copies what it keeps, so the piece may be reused.
   * @throws {ProtocolError} when they are not HTTP, or go on behind the answer's end.
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

  /** The connection ended in good order: whether the answer may end there. */
  isCompleteAtClose(): boolean {
    return this.#head?.framing.kind === 'until_close';
  }

  /** Returns where the body begins in `piece`; 0 and no head while there is more of it to come. */
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

  /** The head without its empty line. Every byte is copied and looked at once, in whatever pieces it comes. */
  #readHead(piece: Buffer): string | undefined {
    const before = this.#pendingBytes;
    if (before === 0) {
      // Most heads come whole, with much of the body after them.
      const end = piece.subarray(0, maxHeadBytes + headEnd.length).indexOf(headEnd);
      if (end !== -1) {
        return piece.toString('latin1', 0, end);
      }
    }
    this.#pending ??= Buffer.allocUnsafe(maxHeadBytes + headEnd.length);
    const pending = this.#pending;
    this.#pendingBytes += piece.copy(pending, before);
    const bytes = pending.subarray(0, this.#pendingBytes);
    const end = bytes.indexOf(headEnd, Math.max(0, before - headEnd.length + 1));
    if (end !== -1) {
      return bytes.toString('latin1', 0, end);
    }
    if (before < beginning.length) {
      checkBeginning(bytes);
    }
    if (bytes.length >= maxHeadBytes) {
      throw new ProtocolError(`Head of the response is longer than ${maxHeadBytes} bytes`);
    }
    return undefined;
  }

  #startBody(head: ResponseHead): void {
    if (head.status < 200) {
      throw new ProtocolError(`Status ${head.status} was not asked for`);
    }
    this.#head = head;
    if (head.framing.kind === 'chunked') {
      this.#chunks = new ChunkedDecoder(this.body);
    }
    if (head.framing.kind === 'length') {
      this.body.reserve(head.framing.bytes);
    } else if (this.#expectedBodyBytes !== undefined) {
      this.body.reserve(Math.ceil(this.#expectedBodyBytes * expectedGrowth));
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

/** What is not HTTP is refused at once, without waiting for an empty line that never comes. */
function checkBeginning(bytes: Buffer): void {
  const seen = bytes.toString('latin1', 0, beginning.length);
  if (!beginning.startsWith(seen)) {
    throw new ProtocolError(`Not an HTTP/1.1 answer: ${JSON.stringify(bytes.toString('latin1', 0, 32))}`);
  }
}

function checkNothingFollows(piece: Buffer, offset: number): void {
  if (offset < piece.length) {
    throw new ProtocolError(`Answer goes on behind its end, by ${piece.length - offset} bytes`);
  }
}
