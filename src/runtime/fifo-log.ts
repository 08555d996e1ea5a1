/**
 * The log of the shim: lines into the FIFO of the bundle, which containerd copies into its own log. A line for which the
 * FIFO has no space is dropped, because a log must not stop a pod.
 */
import { constants, openSync } from 'node:fs';
import { Socket } from 'node:net';

const MAX_WAITING_BYTES = 64 * 1024;

/** Returns a function that writes a line. Lines are dropped if there is no FIFO. */
export function openFifoLog(path: string): (line: string) => void {
  let stream: Socket | undefined;
  try {
    stream = new Socket({
      fd: openSync(path, constants.O_RDWR | constants.O_NONBLOCK),
      readable: false,
      writable: true,
    });
    stream.on('error', () => undefined);
    stream.unref();
  } catch {
    // Not every caller makes one.
  }
  return (line) => {
    if (stream?.writable && stream.writableLength < MAX_WAITING_BYTES) {
      stream.write(line);
    }
  };
}
