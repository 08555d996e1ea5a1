/**
 * One connection to one shim, with room for one listener at a time. Reads go into a buffer that all connections of a
 * client share: what a listener wants to keep it copies, and nothing is allocated for a read.
 */
import { connect, type OnReadOpts, Socket } from 'node:net';
import { withSocketPath } from '../socket-path/index.ts';

export interface ConnectionListener {
  /** `piece` is only valid until this returns. */
  onBytes(piece: Buffer): void;
  /** The connection is over: in good order without an error. Called once, and nothing after it. */
  onEnd(error: NodeJS.ErrnoException | undefined): void;
}

export class ShimConnection {
  readonly #socket: Socket;
  #listener: ConnectionListener | undefined;
  #error: NodeJS.ErrnoException | undefined;
  #isOver = false;

  /** Begins to connect; how that went is told to the first listener. */
  constructor(socketPath: string, readBuffer: Buffer) {
    const onread = {
      buffer: readBuffer,
      callback: (length: number) => {
        this.#takeBytes(readBuffer.subarray(0, length));
        return true;
      },
    };
    this.#socket = connectTo(socketPath, onread);
    this.#socket.on('error', (error) => {
      this.#error = error;
    });
    this.#socket.on('end', () => this.#finish());
    this.#socket.on('close', () => this.#finish());
  }

  /** Whether it has ended, or been destroyed: it can carry nothing any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Sends `request` and gives what comes back to `listener`, until `release`. */
  send(request: string, listener: ConnectionListener): void {
    this.#listener = listener;
    this.#socket.ref();
    this.#socket.write(request, 'latin1');
  }

  /** Reads nothing more until `resume`. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Ends the exchange and keeps the connection; it does not hold the process alive. */
  release(): void {
    this.#listener = undefined;
    this.#socket.unref();
  }

  /** Ends the exchange and the connection at once; the listener hears nothing more. */
  destroy(): void {
    this.#isOver = true;
    this.#listener = undefined;
    this.#socket.destroy();
  }

  #takeBytes(piece: Buffer): void {
    if (this.#listener === undefined) {
      // Nothing was asked for: whatever it is, it must not be taken for the next answer.
      this.destroy();
    } else {
      this.#listener.onBytes(piece);
    }
  }

  #finish(): void {
    const listener = this.#listener;
    this.destroy();
    listener?.onEnd(this.#error);
  }
}

function connectTo(socketPath: string, onread: OnReadOpts): Socket {
  try {
    return withSocketPath(socketPath, (path) => connect({ path, onread }));
  } catch (error) {
    // The directory of a long path cannot be opened: as if connecting had said so.
    return new Socket().destroy(error as Error);
  }
}
