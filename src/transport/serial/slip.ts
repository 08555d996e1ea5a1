/**
 * Frames in a stream of bytes by SLIP, RFC 1055: END is at both ends of a frame, and never within. So a truncated frame
 * ends where the next one begins, and a reader is synchronized again after at most one frame. Independent of the content
 * of a frame.
 */
import { GrowingBytes } from '../../program/growing-bytes.ts';

const END = 0xc0;
const ESC = 0xdb;
/** The bytes after ESC for an END and an ESC that belong to the frame. */
const ESC_END = 0xdc;
const ESC_ESC = 0xdd;

/** END, the frame with its END and ESC bytes escaped, END. Neither byte occurs in UTF-8 text outside of some letters. */
export function encodeSlip(frame: Buffer): Buffer {
  const escaped = escapeFrame(frame);
  const out = Buffer.allocUnsafe(escaped.length + 2);
  out[0] = END;
  escaped.copy(out, 1);
  out[out.length - 1] = END;
  return out;
}

export interface SlipDecoderOptions {
  /** Limit of a frame without escapes. Longer frames are dropped, and never kept in full. */
  readonly maxFrameBytes: number;
  /** Called for each frame that is not empty. It is only as good as its checksum: it may be half a frame, or garbage. */
  readonly onFrame: (frame: Buffer) => void;
}

export class SlipDecoder {
  readonly #maxFrameBytes: number;
  readonly #onFrame: (frame: Buffer) => void;
  /** The beginning of a frame that has come in pieces: in one buffer, because a guest may send each byte alone. */
  readonly #open = new GrowingBytes();
  #isTooLong = false;

  constructor({ maxFrameBytes, onFrame }: SlipDecoderOptions) {
    this.#maxFrameBytes = maxFrameBytes;
    this.#onFrame = onFrame;
  }

  push(chunk: Buffer): void {
    let from = 0;
    for (let end = chunk.indexOf(END); end !== -1; end = chunk.indexOf(END, from)) {
      this.#finish(chunk.subarray(from, end));
      from = end + 1;
    }
    this.#keep(chunk.subarray(from));
  }

  #keep(piece: Buffer): void {
    // With every byte escaped it has twice as many.
    if (this.#isTooLong || this.#open.length + piece.length > 2 * this.#maxFrameBytes) {
      this.#isTooLong = true;
    } else {
      this.#open.push(piece);
    }
  }

  #finish(last: Buffer): void {
    let bytes = last;
    if (this.#open.length > 0) {
      this.#keep(last);
      // A copy, because the frame may be kept.
      bytes = Buffer.from(this.#open.bytes);
    }
    const isWhole = !this.#isTooLong && bytes.length > 0 && bytes.length <= 2 * this.#maxFrameBytes;
    this.#open.clear();
    this.#isTooLong = false;
    const frame = isWhole ? unescapeFrame(bytes) : undefined;
    if (frame !== undefined && frame.length <= this.#maxFrameBytes) {
      this.#onFrame(frame);
    }
  }
}

function escapeFrame(frame: Buffer): Buffer {
  let nextEnd = frame.indexOf(END);
  let nextEsc = frame.indexOf(ESC);
  if (nextEnd === -1 && nextEsc === -1) {
    return frame;
  }
  const out = Buffer.allocUnsafe(frame.length * 2);
  let outBytes = 0;
  let from = 0;
  while (nextEnd !== -1 || nextEsc !== -1) {
    const isEnd = nextEsc === -1 || (nextEnd !== -1 && nextEnd < nextEsc);
    const at = isEnd ? nextEnd : nextEsc;
    outBytes += frame.copy(out, outBytes, from, at);
    out[outBytes++] = ESC;
    out[outBytes++] = isEnd ? ESC_END : ESC_ESC;
    from = at + 1;
    if (isEnd) {
      nextEnd = frame.indexOf(END, from);
    } else {
      nextEsc = frame.indexOf(ESC, from);
    }
  }
  outBytes += frame.copy(out, outBytes, from);
  return out.subarray(0, outBytes);
}

/** Undefined when an invalid byte follows an ESC. */
function unescapeFrame(bytes: Buffer): Buffer | undefined {
  let esc = bytes.indexOf(ESC);
  if (esc === -1) {
    return bytes;
  }
  const out = Buffer.allocUnsafe(bytes.length);
  let outBytes = 0;
  let from = 0;
  for (; esc !== -1; esc = bytes.indexOf(ESC, from)) {
    const code = bytes[esc + 1];
    if (code !== ESC_END && code !== ESC_ESC) {
      return undefined;
    }
    outBytes += bytes.copy(out, outBytes, from, esc);
    out[outBytes++] = code === ESC_END ? END : ESC;
    from = esc + 2;
  }
  outBytes += bytes.copy(out, outBytes, from);
  return out.subarray(0, outBytes);
}
