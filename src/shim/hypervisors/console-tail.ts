/**
 * The last lines of a guest's serial line, for the reason why a virtual machine has ended. Keeps a bounded piece and no
 * more, however much the guest writes.
 */
import type { Readable } from 'node:stream';

const MAX_KEPT_BYTES = 8 * 1024;
const MAX_LINE_CHARS = 200;

export interface ConsoleTail {
  /** Up to `count`, the last one last; what is no printable ASCII is left out. */
  lastLines(count: number): string[];
}

export function readConsoleTail(stream: Readable): ConsoleTail {
  let kept = Buffer.alloc(0);
  stream.on('data', (piece: Buffer) => {
    // A copy, so that the stream's larger buffer is free.
    kept = Buffer.concat([kept, piece]).subarray(-MAX_KEPT_BYTES);
  });
  // The line ends with the machine, which is seen elsewhere.
  stream.on('error', () => undefined);
  return {
    lastLines: (count) =>
      kept
        .toString('latin1')
        .split('\n')
        .map((line) => line.replace(/[^ -~]/g, '').slice(0, MAX_LINE_CHARS))
        .filter((line) => line !== '')
        .slice(-count),
  };
}
