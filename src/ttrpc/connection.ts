/**
 * Frames over a Duplex: reads them, writes them, and says once, in one sentence, why it is over.
 * Used by the client and by the server's connections; knows frames, not calls.
 */
import type { Duplex } from 'node:stream';
import type { MessagePart } from '../wire/index.ts';
import { encodeHeader, FrameFlag, FrameType } from './frame.ts';
import { FrameDecoder, type FrameEvent } from './frame-decoder.ts';

/** Why a connection is over, as a sentence. `cause` is the stream's error, where there was one. */
export interface ConnectionEnd {
  readonly kind: 'peer-closed' | 'failed' | 'closed-here';
  readonly reason: string;
  readonly cause?: unknown;
}

export interface ConnectionOptions {
  maxPayloadBytes: number;
  /** How many bytes of oversized data to keep. Default: none. */
  beginningBytes?: number;
  onEvent: (event: FrameEvent) => void;
  /** Called once, when the stream is destroyed or being destroyed. */
  onEnd: (end: ConnectionEnd) => void;
  /** Pauses reading while the peer does not read. For the side that responds: otherwise responses accumulate. */
  isReadingHeldByWriting?: boolean;
}

export class Connection {
  readonly #stream: Duplex;
  readonly #decoder: FrameDecoder;
  readonly #options: ConnectionOptions;
  readonly #drainWaiters: (() => void)[] = [];
  #end: ConnectionEnd | undefined;
  #isCorked = false;
  #isClosing = false;

  constructor(stream: Duplex, options: ConnectionOptions) {
    if (stream.readableObjectMode || stream.readableEncoding !== null) {
      throw new TypeError('Cannot use ttrpc over a stream of text or objects, only over one of bytes');
    }
    this.#stream = stream;
    this.#options = options;
    this.#decoder = new FrameDecoder({
      maxPayloadBytes: options.maxPayloadBytes,
      beginningBytes: options.beginningBytes ?? 0,
      onEvent: (event) => {
        if (this.#end === undefined) {
          options.onEvent(event);
        }
      },
    });
    stream.on('data', (chunk: Buffer) => this.#decoder.push(chunk));
    stream.on('end', () => this.#finish(this.#describePeerClosing()));
    stream.on('error', (error: Error) => this.#finish(describeFailure(error)));
    stream.on('close', () =>
      this.#finish({ kind: 'closed-here', reason: 'Stream of the connection was destroyed on this side' }),
    );
    stream.on('drain', () => this.#onDrain());
    if (stream.destroyed || stream.readableEnded || !stream.writable) {
      // Past events are not emitted again.
      const end = stream.errored ? describeFailure(stream.errored) : this.#describePeerClosing();
      process.nextTick(() => this.#finish(end));
    }
  }

  /**
   * Writes one frame with the bytes of `parts`, and UTF-8 for texts, as its data; does nothing on a connection that is over. The parts are
   * not copied, and frames of one tick go out in one system call.
   */
  send(streamId: number, type: number, flags: number, ...parts: readonly MessagePart[]): void {
    if (this.#end !== undefined || !this.#stream.writable) {
      return;
    }
    this.#cork();
    const payloadBytes = parts.reduce((sum, part) => sum + byteLengthOf(part), 0);
    this.#stream.write(encodeHeader({ payloadBytes, streamId, type, flags }));
    for (const part of parts) {
      if (typeof part === 'string') {
        // Latin-1 is written as it is; UTF-8 would be given three times its space.
        this.#stream.write(part, byteLengthOf(part) === part.length ? 'latin1' : 'utf8');
      } else if (part.length > 0) {
        this.#stream.write(part);
      }
    }
    if (this.#options.isReadingHeldByWriting && this.#stream.writableNeedDrain) {
      this.#stream.pause();
    }
  }

  /** Tells the peer that no more data follows on this stream. */
  sendClose(streamId: number): void {
    this.send(streamId, FrameType.data, FrameFlag.remoteClosed | FrameFlag.noData);
  }

  /** Resolves when the write buffer has space, or the connection has ended; never rejects. */
  ready(): Promise<void> {
    if (this.#end !== undefined || !this.#stream.writableNeedDrain) {
      return Promise.resolve();
    }
    return new Promise((resolve) => this.#drainWaiters.push(resolve));
  }

  /** Closes at once; data that was not written yet may be lost. */
  destroy(reason: string): void {
    this.#finish({ kind: 'closed-here', reason });
  }

  /** Writes waiting data, then closes and calls `onEnd`. */
  close(reason: string): void {
    if (this.#end !== undefined || this.#isClosing) {
      return;
    }
    this.#isClosing = true;
    this.#stream.end(() => this.destroy(reason));
  }

  #cork(): void {
    if (this.#isCorked) {
      return;
    }
    this.#isCorked = true;
    this.#stream.cork();
    process.nextTick(() => {
      this.#isCorked = false;
      this.#stream.uncork();
    });
  }

  #onDrain(): void {
    if (this.#options.isReadingHeldByWriting) {
      this.#stream.resume();
    }
    for (const resolve of this.#drainWaiters.splice(0)) {
      resolve();
    }
  }

  #describePeerClosing(): ConnectionEnd {
    const unfinished = this.#decoder.unfinished;
    const where =
      unfinished === undefined
        ? ''
        : ` inside a frame, after ${unfinished.filledBytes} of its ${unfinished.frameBytes} bytes`;
    return { kind: 'peer-closed', reason: `Peer closed the connection${where}` };
  }

  #finish(end: ConnectionEnd): void {
    if (this.#end !== undefined) {
      return;
    }
    this.#end = end;
    this.#stream.destroy();
    for (const resolve of this.#drainWaiters.splice(0)) {
      resolve();
    }
    this.#options.onEnd(end);
  }
}

/** Length of a part in bytes, as it is sent. */
export function byteLengthOf(part: MessagePart): number {
  return typeof part === 'string' ? Buffer.byteLength(part) : part.length;
}

function describeFailure(error: Error): ConnectionEnd {
  return { kind: 'failed', reason: `Connection failed: ${error.message}`, cause: error };
}
