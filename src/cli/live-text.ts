/**
 * A piece of text at the end of a terminal that is written over again in place, with lines above it that stay. Where the
 * stream is no terminal, every text is printed below the last, and nothing but text is written.
 */

export interface LiveStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

export class LiveText {
  readonly #stream: LiveStream;
  /** Puts colours into a line that has been cut to the width of the terminal. */
  readonly #decorate: (line: string) => string;
  #shown: readonly string[] = [];

  constructor(stream: LiveStream, decorate: (line: string) => string = (line) => line) {
    this.#stream = stream;
    this.#decorate = decorate;
  }

  /** `text` ends with a line feed. */
  show(text: string): void {
    if (this.#stream.isTTY !== true) {
      this.#stream.write(text);
      return;
    }
    const back = this.#goBack();
    this.#shown = this.#fit(text.split('\n').slice(0, -1));
    this.#stream.write(back + this.#print());
  }

  /** A line that stays, above the text. */
  note(line: string): void {
    if (this.#stream.isTTY !== true) {
      this.#stream.write(`${line}\n`);
      return;
    }
    this.#stream.write(`${this.#goBack()}${line}\n${this.#print()}`);
  }

  /** Up to the first line of the last text, and clear from there to the end of the screen. */
  #goBack(): string {
    return this.#shown.length === 0 ? '' : `\u001b[${this.#shown.length}A\r\u001b[J`;
  }

  #print(): string {
    return this.#shown.map((line) => `${this.#decorate(line)}\n`).join('');
  }

  /** A line that breaks would be two, and one that has left the screen cannot be reached: both would stay for ever. */
  #fit(lines: readonly string[]): readonly string[] {
    const { columns = Number.POSITIVE_INFINITY, rows = Number.POSITIVE_INFINITY } = this.#stream;
    // The cursor has a line of its own.
    const room = Math.max(1, rows - 1);
    const kept =
      lines.length <= room ? lines : [...lines.slice(0, room - 1), `... ${lines.length - room + 1} lines more`];
    return kept.map((line) => line.slice(0, columns));
  }
}
