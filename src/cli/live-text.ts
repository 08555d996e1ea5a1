/**
 * A piece of text that is written over again in place, on a terminal; elsewhere each is printed below the last.
 */
export class LiveText {
  readonly #stream: NodeJS.WriteStream;
  #shownLines = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  /** `text` ends with a line feed. */
  show(text: string): void {
    if (this.#stream.isTTY !== true) {
      this.#stream.write(text);
      return;
    }
    // Up to the first line of the last text, and clear from there to the end of the screen.
    const back = this.#shownLines === 0 ? '' : `\u001b[${this.#shownLines}A\r\u001b[J`;
    this.#stream.write(back + cutLines(text, this.#stream.columns));
    this.#shownLines = text.split('\n').length - 1;
  }
}

/** A line that breaks would be two, and the next text would be put in the wrong place. */
function cutLines(text: string, columns: number | undefined): string {
  return columns === undefined
    ? text
    : text
        .split('\n')
        .map((line) => line.slice(0, columns))
        .join('\n');
}
