/**
 * One session on a serial line, as a Duplex: half-close, reset and back-pressure as with a socket. Created by both ends
 * of a line, which pass it the frames of its session.
 */
import { Duplex } from 'node:stream';
import { type LinkFrame, MAX_DATA_BYTES, toControlFrame } from './link-frame.ts';

/**
 * Bytes that the other side may send before they are read. So a reader that is slow does not stop the line, on which the
 * next session may be about to begin. Four responses of an agent.
 */
export const WINDOW_BYTES = 256 * 1024;
/** A window update is sent after this many bytes. */
const CREDIT_STEP_BYTES = WINDOW_BYTES / 2;
/** A credit that is larger is a mistake, not a larger window. */
const MAX_CREDIT_BYTES = 2 ** 31;

export interface SerialStreamOptions {
  readonly session: bigint;
  /** Bytes that the peer accepts without an acknowledgement. */
  readonly peerWindowBytes: number;
  readonly send: (frame: LinkFrame) => void;
  /** Calls back when the line has space. */
  readonly whenReady: (callback: () => void) => void;
}

type Callback = (error?: Error | null) => void;

export class SerialStream extends Duplex {
  readonly session: bigint;
  readonly #options: SerialStreamOptions;
  #receivedBytes = 0;
  #grantedBytes = WINDOW_BYTES;
  #hasEnded = false;
  #sentBytes = 0;
  #allowedBytes: number;
  #isEndSent = false;
  #unsent: Buffer = Buffer.alloc(0);
  #onSent: Callback | undefined;

  constructor(options: SerialStreamOptions) {
    super({ allowHalfOpen: true });
    this.session = options.session;
    this.#options = options;
    this.#allowedBytes = options.peerWindowBytes;
  }

  /** Whether both sides have sent their end. */
  get isComplete(): boolean {
    return this.#isEndSent && this.#hasEnded;
  }

  /** A frame of this session. */
  receive({ kind, value, data }: LinkFrame): void {
    if (this.destroyed || this.isComplete) {
      return;
    }
    switch (kind) {
      case 'data':
        this.#receiveData(value, data);
        break;
      case 'credit':
        this.#receiveCredit(value);
        break;
      case 'end':
        this.#receiveEnd(value);
        break;
      case 'reset':
        this.reset('reset by the other side');
        break;
      default:
        this.#refuse(`"${kind}" within a session`);
    }
  }

  /** Ends it as a socket ends whose peer is gone: with an error whose `code` is ECONNRESET. */
  reset(reason: string): void {
    this.destroy(toStreamError('ECONNRESET', reason));
  }

  override _read(): void {
    // It is called before what is being read has left the buffer, and not again until more has come.
    process.nextTick(() => this.#grant());
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: Callback): void {
    this.#begin(chunk, callback);
  }

  /** Small pieces that were written together go out in one frame. */
  override _writev(chunks: { chunk: Buffer }[], callback: Callback): void {
    this.#begin(Buffer.concat(chunks.map(({ chunk }) => chunk)), callback);
  }

  override _final(callback: Callback): void {
    this.#isEndSent = true;
    this.#send('end', this.#sentBytes);
    callback();
  }

  override _destroy(error: Error | null, callback: Callback): void {
    if (!this.isComplete) {
      this.#send('reset', 0);
    }
    this.#unsent = Buffer.alloc(0);
    callback(error);
  }

  #grant(): void {
    const grantedBytes = this.#receivedBytes + WINDOW_BYTES - this.readableLength;
    if (!this.destroyed && !this.#hasEnded && grantedBytes - this.#grantedBytes >= CREDIT_STEP_BYTES) {
      this.#grantedBytes = grantedBytes;
      this.#send('credit', grantedBytes);
    }
  }

  #begin(data: Buffer, callback: Callback): void {
    this.#unsent = data;
    this.#onSent = callback;
    this.#pump();
  }

  #pump(): void {
    while (this.#unsent.length > 0 && !this.destroyed) {
      const count = Math.min(this.#unsent.length, MAX_DATA_BYTES, this.#allowedBytes - this.#sentBytes);
      if (count === 0) {
        return;
      }
      const data = this.#unsent.subarray(0, count);
      this.#options.send({ kind: 'data', session: this.session, value: toOffset(this.#sentBytes), data });
      this.#sentBytes += count;
      this.#unsent = this.#unsent.subarray(count);
    }
    const onSent = this.#onSent;
    this.#onSent = undefined;
    if (onSent !== undefined) {
      this.#options.whenReady(() => onSent());
    }
  }

  #receiveData(offset: number, data: Buffer): void {
    if (this.#hasEnded || offset !== toOffset(this.#receivedBytes)) {
      this.#refuse(`data at ${offset}, expected at ${toOffset(this.#receivedBytes)}`);
    } else if (this.#receivedBytes + data.length > this.#grantedBytes) {
      this.#refuse(`more than the ${WINDOW_BYTES} bytes that may wait`);
    } else {
      this.#receivedBytes += data.length;
      // The window limits the incoming bytes; _read reports space in the buffer.
      this.push(data);
    }
  }

  #receiveCredit(offset: number): void {
    // The difference, and not the number, counts: offsets begin anew after 4 GiB.
    const newBytes = toOffset(offset - this.#allowedBytes);
    if (newBytes > MAX_CREDIT_BYTES) {
      this.#refuse(`credit of ${newBytes} bytes`);
      return;
    }
    this.#allowedBytes += newBytes;
    this.#pump();
  }

  #receiveEnd(offset: number): void {
    if (this.#hasEnded || offset !== toOffset(this.#receivedBytes)) {
      this.#refuse(`end at ${offset}, expected at ${toOffset(this.#receivedBytes)}`);
      return;
    }
    this.#hasEnded = true;
    this.push(null);
  }

  /** Bytes were lost or made up in the middle of a session: nothing that follows can be trusted. */
  #refuse(what: string): void {
    this.destroy(toStreamError('EPROTO', `the other side sent ${what}`));
  }

  #send(kind: 'credit' | 'end' | 'reset', bytes: number): void {
    this.#options.send(toControlFrame(kind, this.session, toOffset(bytes)));
  }
}

/** Modulo 2^32. */
function toOffset(bytes: number): number {
  return bytes >>> 0;
}

function toStreamError(code: string, reason: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`Serial connection failed: ${reason}`), { code });
}
