/**
 * Splits bytes into lines. Called by the QMP client. A line that exceeds the limit is an error, reported before the line is
 * complete.
 */
import { GrowingBytes } from '../../../../program/growing-bytes.ts';
import { QmpError } from './qmp-error.ts';

const LINE_FEED = 0x0a;

export class LineDecoder {
  readonly #maxLineBytes: number;
  readonly #open = new GrowingBytes();

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /**
   * The lines that `piece` has made whole, without their ends.
   * @throws {QmpError} `invalid` for a line that is too long.
   */
  push(piece: Buffer): string[] {
    const lines: string[] = [];
    let from = 0;
    for (let end = piece.indexOf(LINE_FEED); end !== -1; end = piece.indexOf(LINE_FEED, from)) {
      this.#keep(piece.subarray(from, end));
      lines.push(this.#take());
      from = end + 1;
    }
    this.#keep(piece.subarray(from));
    return lines;
  }

  #keep(part: Buffer): void {
    if (this.#open.length + part.length > this.#maxLineBytes) {
      throw new QmpError('invalid', `Cannot read QEMU's monitor: a line is longer than ${this.#maxLineBytes} bytes`);
    }
    this.#open.push(part);
  }

  #take(): string {
    const line = this.#open.bytes.toString('utf8');
    this.#open.clear();
    return line.endsWith('\r') ? line.slice(0, -1) : line;
  }
}
