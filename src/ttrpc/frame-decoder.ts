/**
 * Splits the bytes of a connection into frames, whatever pieces they arrive in. One decoder for each connection;
 * connection.ts pushes the bytes. Never throws because of a peer's bytes: a frame over the limit is reported by its
 * header and its data is skipped, and the next frame is read as usual.
 */
import { decodeHeader, type FrameHeader, HEADER_BYTES } from './frame.ts';

export type FrameEvent =
  | { readonly kind: 'frame'; readonly header: FrameHeader; readonly payload: Buffer }
  /** Comes as soon as `beginning` is there; the rest of the data is dropped while it arrives and costs no memory. */
  | { readonly kind: 'oversized'; readonly header: FrameHeader; readonly beginning?: Buffer };

type State =
  | { readonly kind: 'header'; readonly bytes: Buffer; filledBytes: number }
  | { readonly kind: 'payload'; readonly header: FrameHeader; readonly bytes: Buffer; filledBytes: number }
  | { readonly kind: 'beginning'; readonly header: FrameHeader; readonly bytes: Buffer; filledBytes: number }
  | { readonly kind: 'drain'; readonly header: FrameHeader; remainingBytes: number };

export interface FrameDecoderOptions {
  /** A frame with more data than this is reported as oversized. */
  maxPayloadBytes: number;
  /** How many bytes of the data of an oversized frame to keep. Default: none. */
  beginningBytes?: number;
  /** Called in order, during `push`. */
  onEvent: (event: FrameEvent) => void;
}

export class FrameDecoder {
  readonly #maxPayloadBytes: number;
  readonly #beginningBytes: number;
  readonly #onEvent: (event: FrameEvent) => void;
  readonly #headerBytes = Buffer.alloc(HEADER_BYTES);
  #state: State;

  constructor(options: FrameDecoderOptions) {
    this.#maxPayloadBytes = options.maxPayloadBytes;
    this.#beginningBytes = Math.min(options.beginningBytes ?? 0, options.maxPayloadBytes);
    this.#onEvent = options.onEvent;
    this.#state = this.#headerState();
  }

  /**
   * Processes the next bytes. A payload that is completely in `chunk` is a view of it, not a copy: the caller must not
   * write to `chunk` afterwards. Memory held between calls is at most one payload.
   */
  push(chunk: Buffer): void {
    let offset = 0;
    while (offset < chunk.length) {
      const state = this.#state;
      if (state.kind === 'header') {
        offset = this.#readHeader(chunk, offset, state);
      } else if (state.kind === 'beginning') {
        offset = this.#fillBeginning(chunk, offset, state);
      } else if (state.kind === 'payload') {
        offset = this.#fillPayload(chunk, offset, state);
      } else {
        offset = this.#drain(chunk, offset, state);
      }
    }
  }

  /**
   * Size and received bytes of an incomplete frame, or undefined between frames. For the error message of a cut connection.
   */
  get unfinished(): { filledBytes: number; frameBytes: number } | undefined {
    const state = this.#state;
    if (state.kind === 'header') {
      return state.filledBytes === 0 ? undefined : { filledBytes: state.filledBytes, frameBytes: HEADER_BYTES };
    }
    const frameBytes = HEADER_BYTES + state.header.payloadBytes;
    if (state.kind !== 'drain') {
      return { filledBytes: HEADER_BYTES + state.filledBytes, frameBytes };
    }
    return { filledBytes: frameBytes - state.remainingBytes, frameBytes };
  }

  #headerState(): State {
    return { kind: 'header', bytes: this.#headerBytes, filledBytes: 0 };
  }

  #readHeader(chunk: Buffer, offset: number, state: State & { kind: 'header' }): number {
    if (state.filledBytes === 0 && chunk.length - offset >= HEADER_BYTES) {
      return this.#startFrame(chunk, offset + HEADER_BYTES, decodeHeader(chunk, offset));
    }
    const copiedBytes = chunk.copy(state.bytes, state.filledBytes, offset);
    state.filledBytes += copiedBytes;
    if (state.filledBytes < HEADER_BYTES) {
      return offset + copiedBytes;
    }
    return this.#startFrame(chunk, offset + copiedBytes, decodeHeader(state.bytes, 0));
  }

  #startFrame(chunk: Buffer, offset: number, header: FrameHeader): number {
    const { payloadBytes } = header;
    if (payloadBytes > this.#maxPayloadBytes) {
      if (this.#beginningBytes === 0) {
        this.#state = { kind: 'drain', header, remainingBytes: payloadBytes };
        this.#onEvent({ kind: 'oversized', header });
      } else {
        const bytes = Buffer.allocUnsafe(this.#beginningBytes);
        this.#state = { kind: 'beginning', header, bytes, filledBytes: 0 };
      }
      return offset;
    }
    if (chunk.length - offset >= payloadBytes) {
      this.#finishFrame(header, chunk.subarray(offset, offset + payloadBytes));
      return offset + payloadBytes;
    }
    this.#state = { kind: 'payload', header, bytes: Buffer.allocUnsafe(payloadBytes), filledBytes: 0 };
    return offset;
  }

  #fillPayload(chunk: Buffer, offset: number, state: State & { kind: 'payload' }): number {
    const copiedBytes = chunk.copy(state.bytes, state.filledBytes, offset);
    state.filledBytes += copiedBytes;
    if (state.filledBytes === state.bytes.length) {
      this.#finishFrame(state.header, state.bytes);
    }
    return offset + copiedBytes;
  }

  #fillBeginning(chunk: Buffer, offset: number, state: State & { kind: 'beginning' }): number {
    const copiedBytes = chunk.copy(state.bytes, state.filledBytes, offset);
    state.filledBytes += copiedBytes;
    if (state.filledBytes === state.bytes.length) {
      const { header, bytes: beginning } = state;
      this.#state = { kind: 'drain', header, remainingBytes: header.payloadBytes - beginning.length };
      this.#onEvent({ kind: 'oversized', header, beginning });
    }
    return offset + copiedBytes;
  }

  #drain(chunk: Buffer, offset: number, state: State & { kind: 'drain' }): number {
    const passedBytes = Math.min(state.remainingBytes, chunk.length - offset);
    state.remainingBytes -= passedBytes;
    if (state.remainingBytes === 0) {
      this.#state = this.#headerState();
    }
    return offset + passedBytes;
  }

  #finishFrame(header: FrameHeader, payload: Buffer): void {
    this.#state = this.#headerState();
    this.#onEvent({ kind: 'frame', header, payload });
  }
}
