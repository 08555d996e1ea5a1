/**
 * Opens the FIFOs that containerd creates for a process as streams. libuv reads and writes them as pipes.
 */
import { closeSync, constants, openSync, statSync } from 'node:fs';
import { Socket } from 'node:net';
import { Code, TtrpcError } from '../ttrpc/index.ts';

/** Paths as containerd gives them; empty: that stream is not wanted. */
export interface StdioPaths {
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * The side that writes. The FIFO is opened for reading too, though nothing is read: so opening does not wait for a
 * reader, and writing does not fail while containerd is restarted. Undefined for an empty path.
 * @throws {TtrpcError}
 */
export function openOutput(path: string): Socket | undefined {
  if (path === '') {
    return undefined;
  }
  const descriptor = openFifo(path, constants.O_RDWR);
  return new Socket({ fd: descriptor, readable: false, writable: true });
}

export interface Input {
  readonly stream: Socket;
  /** Notes that the client sends no more: the stream ends when everything was read. Can be called again. */
  closeWriter(): void;
  close(): void;
}

/**
 * The side that reads. A writing end is kept open until `closeWriter`, so that a restart of containerd is no end of
 * input. Undefined for an empty path.
 * @throws {TtrpcError}
 */
export function openInput(path: string): Input | undefined {
  if (path === '') {
    return undefined;
  }
  const descriptor = openFifo(path, constants.O_RDONLY);
  let writer: number | undefined = openFifo(path, constants.O_WRONLY);
  const stream = new Socket({ fd: descriptor, readable: true, writable: false });
  const closeWriter = (): void => {
    if (writer !== undefined) {
      closeSync(writer);
      writer = undefined;
    }
  };
  return {
    stream,
    closeWriter,
    close: () => {
      closeWriter();
      stream.destroy();
    },
  };
}

function openFifo(path: string, mode: number): number {
  if (!path.startsWith('/')) {
    const scheme = path.split(':', 1)[0];
    throw new TtrpcError(Code.unimplemented, `Standard streams by "${scheme}:" are not supported, only FIFOs are`);
  }
  try {
    if (!statSync(path).isFIFO()) {
      throw new TtrpcError(Code.invalidArgument, `Cannot use "${path}" as a standard stream: it is not a FIFO`);
    }
    return openSync(path, mode | constants.O_NONBLOCK);
  } catch (error) {
    if (error instanceof TtrpcError) {
      throw error;
    }
    throw new TtrpcError(Code.internal, `Cannot open a standard stream: ${(error as Error).message}`, { cause: error });
  }
}
