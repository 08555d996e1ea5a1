/**
 * The guest's output on its serial line: each line for the debug log, and the last lines for the reason why the machine
 * has ended. Keeps a limited number of bytes, however much the guest writes.
 */
import type { Readable } from 'node:stream';

/** Limit of a line; those of the kernel are shorter. The rest of a longer line is dropped. */
const MAX_LINE_BYTES = 200;

export interface ConsoleOptions {
  readonly keptLines: number;
  /** Printable ASCII; the guest chooses the content. */
  readonly onLine: (line: string) => void;
}

export interface ConsoleTail {
  /** The last one last. */
  lastLines(): readonly string[];
}

export function readConsole(stream: Readable, { keptLines, onLine }: ConsoleOptions): ConsoleTail {
  const kept: string[] = [];
  let open = '';
  const finish = (): void => {
    if (open !== '') {
      kept.push(open);
      onLine(open);
    }
    open = '';
    if (kept.length > keptLines) {
      kept.shift();
    }
  };
  stream.on('data', (piece: Buffer) => {
    const [first = '', ...others] = piece.toString('latin1').split('\n');
    open = append(open, first);
    for (const line of others) {
      finish();
      open = append('', line);
    }
  });
  // The line ends with the machine, which is seen elsewhere.
  stream.on('error', () => undefined);
  stream.on('close', finish);
  return { lastLines: () => [...kept, ...(open === '' ? [] : [open])].slice(-keptLines) };
}

function append(open: string, text: string): string {
  return `${open}${text.slice(0, MAX_LINE_BYTES).replace(/[^ -~]/g, '')}`.slice(0, MAX_LINE_BYTES);
}
