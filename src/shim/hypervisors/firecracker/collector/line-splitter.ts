/**
 * Splits bytes into lines, with a limit for the length of a line. The reader of Firecracker's FIFO or file pushes pieces of
 * any size; the content of the lines is not parsed here.
 */
import { GrowingBytes } from '../../../../program/growing-bytes.ts';

export interface LineSplitterOptions {
  /** A longer line is dropped as a whole, and reported once. */
  readonly maxLineBytes: number;
  /** Called for each line, without the line feed; never for an empty one. `line` is valid until the callback returns. */
  readonly onLine: (line: Buffer) => void;
  readonly onTooLong: () => void;
}

const LINE_FEED = 10;
const NUL = 0;

export class LineSplitter {
  readonly #options: LineSplitterOptions;
  readonly #held = new GrowingBytes();
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
      this.#hold(bytes.subarray(start));
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
    if (this.#held.length + piece.length > this.#options.maxLineBytes) {
      this.#held.clear();
      this.#isSkipping = true;
      this.#options.onTooLong();
      return;
    }
    this.#held.push(piece);
  }

  #endLine(): void {
    const { bytes } = this.#held;
    this.#held.clear();
    if (!this.#isSkipping && bytes.length > 0) {
      this.#options.onLine(bytes);
    }
    this.#isSkipping = false;
  }
}

function endOfNuls(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] === NUL) {
    at += 1;
  }
  return at;
}
