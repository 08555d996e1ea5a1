/**
 * A text at the end of a terminal that is updated in place, below lines that stay. On other streams, each text is printed
 * below the previous one, without control sequences.
 */
import { isScreen, type ScreenStream, sizeOf } from './screen.ts';

export interface LiveStream extends ScreenStream {
  write(text: string): unknown;
}

export class LiveText {
  readonly #stream: LiveStream;
  /** Adds colours to a line that has been cut to the width of the terminal. */
  readonly #decorate: (line: string) => string;
  #shown: readonly string[] = [];

  constructor(stream: LiveStream, decorate: (line: string) => string = (line) => line) {
    this.#stream = stream;
    this.#decorate = decorate;
  }

  /** `text` ends with a line feed. */
  show(text: string): void {
    if (!isScreen(this.#stream)) {
      this.#stream.write(text);
      return;
    }
    const back = this.#goBack();
    this.#shown = this.#fit(text.split('\n').slice(0, -1));
    this.#stream.write(back + this.#print());
  }

  /** Prints a line that stays, above the text. */
  note(line: string): void {
    if (!isScreen(this.#stream)) {
      this.#stream.write(`${line}\n`);
      return;
    }
    this.#stream.write(`${this.#goBack()}${line}\n${this.#print()}`);
  }

  /** Moves to the first line of the previous text, and clears from there to the end of the screen. */
  #goBack(): string {
    return this.#shown.length === 0 ? '' : `\u001b[${this.#shown.length}A\r\u001b[J`;
  }

  #print(): string {
    return this.#shown.map((line) => `${this.#decorate(line)}\n`).join('');
  }

  /** Cuts lines that would wrap, and lines that would leave the screen: neither could be overwritten. */
  #fit(lines: readonly string[]): readonly string[] {
    const { columns, rows } = sizeOf(this.#stream);
    // The cursor needs one line.
    const maxLines = Math.max(1, rows - 1);
    const kept =
      lines.length <= maxLines
        ? lines
        : [...lines.slice(0, maxLines - 1), `... ${lines.length - maxLines + 1} more lines`];
    return kept.map((line) => line.slice(0, columns));
  }
}
