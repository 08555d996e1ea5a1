/**
 * Sends and receives frames over a byte pipe, the same on both sides. Called by the two ends of a serial line. Reads
 * without waiting for its user, because frames themselves limit how much may arrive; other bytes are dropped.
 */
import type { Duplex } from 'node:stream';
import { decodeLinkFrame, encodeLinkFrame, type LinkFrame, MAX_FRAME_BYTES } from './link-frame.ts';
import { encodeSlip, SlipDecoder } from './slip.ts';

export interface FrameLineHandlers {
  readonly onFrame: (frame: LinkFrame) => void;
  /** Called once, when the pipe has been closed, by either side; with its error, if it has one. */
  readonly onClose: (error: Error | undefined) => void;
}

export class FrameLine {
  readonly #pipe: Duplex;
  #waiting: (() => void)[] = [];

  constructor(pipe: Duplex, { onFrame, onClose }: FrameLineHandlers) {
    this.#pipe = pipe;
    const decoder = new SlipDecoder({
      maxFrameBytes: MAX_FRAME_BYTES,
      onFrame: (bytes) => {
        const frame = pipe.destroyed ? undefined : decodeLinkFrame(bytes);
        if (frame !== undefined) {
          onFrame(frame);
        }
      },
    });
    let failure: Error | undefined;
    pipe.on('data', (chunk: Buffer) => decoder.push(chunk));
    pipe.on('drain', () => this.#release());
    pipe.on('error', (error) => {
      failure = error;
    });
    // A line with one direction is none.
    pipe.on('end', () => pipe.destroy());
    pipe.on('close', () => {
      this.#release();
      onClose(failure);
    });
  }

  /** Does nothing on a line that is over. */
  send(frame: LinkFrame): void {
    if (this.#pipe.writable) {
      this.#pipe.write(encodeSlip(encodeLinkFrame(frame)));
    }
  }

  /**
   * Sends a response to a frame, unless earlier bytes are still unsent: a peer that does not read must not make this side
   * keep a response to every frame that it writes.
   */
  reply(frame: LinkFrame): void {
    if (!this.#pipe.writableNeedDrain) {
      this.send(frame);
    }
  }

  /** Calls back when the send buffer has space, or the line has ended. */
  whenReady(callback: () => void): void {
    if (this.#pipe.destroyed || !this.#pipe.writableNeedDrain) {
      callback();
    } else {
      this.#waiting.push(callback);
    }
  }

  /** Closes the line. Data that could not be sent at once is lost. */
  close(): void {
    this.#pipe.destroy();
  }

  /** Closes after everything was sent. */
  closeWhenSent(): void {
    this.#pipe.end(() => this.close());
  }

  #release(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const callback of waiting) {
      callback();
    }
  }
}
