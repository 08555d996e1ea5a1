/**
 * Reads a FIFO as its writer writes, without waiting for one: by the event loop's own poll, so that nothing runs while
 * nothing is written, and no thread is held. Writers may come and go.
 */
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { Socket } from 'node:net';

export interface MetricsFifoOptions {
  readonly path: string;
  readonly onBytes: (bytes: Buffer) => void;
  /** Called when it cannot be read any more. */
  readonly onError: (error: Error) => void;
}

/**
 * Returns how to stop.
 * @throws {Error} the system error.
 */
export function openMetricsFifo({ path, onBytes, onError }: MetricsFifoOptions): () => void {
  // Opened for writing too, which we never do: so opening does not wait for a writer, and the end of the last one is no
  // end of the file. See fifo(7); Firecracker opens it in the same way.
  const descriptor = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const socket = wrap(path, descriptor);
  socket.on('data', onBytes);
  socket.once('error', onError);
  socket.unref();
  return () => {
    socket.off('data', onBytes);
    socket.destroy();
  };
}

function wrap(path: string, fd: number): Socket {
  try {
    // The hypervisor, which a guest may have taken over, can replace it at any time, as by a link to a terminal.
    if (!fstatSync(fd).isFIFO()) {
      throw new Error(`Cannot read metrics of "${path}": it is no FIFO any more`);
    }
    return new Socket({ fd, readable: true, writable: false });
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
