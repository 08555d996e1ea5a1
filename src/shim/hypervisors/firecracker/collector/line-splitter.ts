/**
 * Splits bytes into lines, with a limit for the length of a line. The reader of Firecracker's FIFO or file pushes pieces of
 * any size; the content of the lines is not parsed here.
 */

export interface LineSplitterOptions {
  /** A longer line is dropped as a whole, and reported once. */
  readonly maxLineBytes: number;
  /** Called for each line, without the line feed; never for an empty one. */
  readonly onLine: (line: Buffer) => void;
  readonly onTooLong: () => void;
}

const LINE_FEED = 10;
const NUL = 0;

export class LineSplitter {
  readonly #options: LineSplitterOptions;
  #pieces: Buffer[] = [];
  #heldBytes = 0;
  /** True within a line that exceeds the limit. */
  #isSkipping = false;

  constructor(options: LineSplitterOptions) {
    this.#options = options;
  }

  /**
   * Reports the lines that end in `bytes`; keeps a copy of the rest, so that the caller can reuse the memory. A NUL ends a
   * line too: JSON has none, and a file truncated under its writer begins with as many as it was long.
   */
  push(bytes: Buffer): void {
    let start = 0;
    let feed = bytes.indexOf(LINE_FEED);
    let nul = bytes.indexOf(NUL);
    while (feed !== -1 || nul !== -1) {
      const isNul = feed === -1 || (nul !== -1 && nul < feed);
      const end = isNul ? nul : feed;
      this.#hold(bytes.subarray(start, end));
      this.#endLine();
      start = isNul ? endOfNuls(bytes, end) : end + 1;
      feed = feed !== -1 && feed < start ? bytes.indexOf(LINE_FEED, start) : feed;
      nul = nul !== -1 && nul < start ? bytes.indexOf(NUL, start) : nul;
    }
    if (start < bytes.length) {
      this.#hold(Buffer.from(bytes.subarray(start)));
    }
  }

  /** Reports an incomplete line as it is: its continuation will not arrive. */
  breakLine(): void {
    this.#endLine();
  }

  #hold(piece: Buffer): void {
    if (this.#isSkipping) {
      return;
    }
    if (this.#heldBytes + piece.length > this.#options.maxLineBytes) {
      this.#drop();
      this.#isSkipping = true;
      this.#options.onTooLong();
      return;
    }
    this.#pieces.push(piece);
    this.#heldBytes += piece.length;
  }

  #endLine(): void {
    const line = this.#isSkipping || this.#heldBytes === 0 ? undefined : Buffer.concat(this.#pieces, this.#heldBytes);
    this.#drop();
    this.#isSkipping = false;
    if (line !== undefined) {
      this.#options.onLine(line);
    }
  }

  #drop(): void {
    this.#pieces = [];
    this.#heldBytes = 0;
  }
}

function endOfNuls(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] === NUL) {
    at += 1;
  }
  return at;
}
