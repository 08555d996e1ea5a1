/**
 * One connection to one shim, with one listener at a time. All connections of a client share one read buffer, so that a
 * read allocates nothing: a listener copies what it keeps.
 */
import { connect, type OnReadOpts, Socket } from 'node:net';
import { withSocketPath } from '../socket-path/index.ts';

export interface ConnectionListener {
  /** `piece` is only valid until this returns. */
  onBytes(piece: Buffer): void;
  /** The connection has ended; `error` is undefined for a normal end. Called once, as the last event. */
  onEnd(error: NodeJS.ErrnoException | undefined): void;
}

export class ShimConnection {
  readonly #socket: Socket;
  #listener: ConnectionListener | undefined;
  #error: NodeJS.ErrnoException | undefined;
  #isOver = false;

  /** Starts to connect; the first listener receives the outcome. */
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

  /** Whether it has ended or was destroyed, so that it cannot carry another request. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether it has a file descriptor that is connected to the shim. */
  get isConnected(): boolean {
    // A socket that failed to connect is no longer `connecting` before it emits its end, but still `pending`.
    return !this.#isOver && !this.#socket.pending;
  }

  /** Sends `request` and passes the bytes received to `listener`, until `release`. */
  send(request: string, listener: ConnectionListener): void {
    this.#listener = listener;
    this.#socket.ref();
    this.#socket.write(request, 'latin1');
  }

  /** Stops reading until `resume`. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Ends the exchange and keeps the connection, which does not keep the process alive. */
  release(): void {
    this.#listener = undefined;
    this.#socket.unref();
  }

  /** Ends the exchange and the connection immediately; the listener receives no further event. */
  destroy(): void {
    this.#isOver = true;
    this.#listener = undefined;
    this.#socket.destroy();
  }

  #takeBytes(piece: Buffer): void {
    if (this.#listener === undefined) {
      // No request is pending: these bytes must not be read as the next response.
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
    // The directory of a long path cannot be opened: report it as a connection error.
    return new Socket().destroy(error as Error);
  }
}
