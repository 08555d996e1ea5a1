/**
 * Bytes to lines, with a bound for a line that does not end. Fed by whoever reads Firecracker's FIFO or file, in pieces
 * of any size; knows nothing of what the lines say.
 */

export interface LineSplitterOptions {
  /** A longer line is dropped as a whole, and reported once. */
  readonly maxLineBytes: number;
  /** Without the line feed; never empty. */
  readonly onLine: (line: Buffer) => void;
  readonly onTooLong: () => void;
}

const LINE_FEED = 10;

export class LineSplitter {
  readonly #options: LineSplitterOptions;
  #pieces: Buffer[] = [];
  #heldBytes = 0;
  /** Within a line that was too long. */
  #isSkipping = false;

  constructor(options: LineSplitterOptions) {
    this.#options = options;
  }

  /** Gives the lines that end in `bytes`; keeps a copy of the rest, so that the memory can be used again. */
  push(bytes: Buffer): void {
    let start = 0;
    for (let end = bytes.indexOf(LINE_FEED); end !== -1; end = bytes.indexOf(LINE_FEED, start)) {
      this.#hold(bytes.subarray(start, end));
      this.#endLine();
      start = end + 1;
    }
    if (start < bytes.length) {
      this.#hold(Buffer.from(bytes.subarray(start)));
    }
  }

  /** Forgets a line that has begun: nothing follows that belongs to it. Returns whether there was one. */
  reset(): boolean {
    const wasWithin = this.#heldBytes > 0 || this.#isSkipping;
    this.#drop();
    this.#isSkipping = false;
    return wasWithin;
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
