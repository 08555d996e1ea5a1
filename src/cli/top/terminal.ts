/**
 * A terminal as a screen: shows lines, reads keys, and is left as it was found. Plain control sequences (ECMA-48 and
 * xterm's alternate screen): a library for terminals would need more code than the few sequences below, and would draw
 * text of sandboxes through its own parser.
 */
import { emitKeypressEvents } from 'node:readline';
import { hasColours } from '../paint.ts';
import { sizeOf } from '../screen.ts';
import type { ScreenLine } from './top-screen.ts';
import type { Key } from './top-state.ts';

const ESC = '\u001b[';
const codes = { bold: '1', green: '32', red: '31', yellow: '33' } as const;
/** Alternate screen, no cursor, no wrapping of long lines. */
const ENTER = `${ESC}?1049h${ESC}?25l${ESC}?7l`;
const LEAVE = `${ESC}?7h${ESC}?25h${ESC}?1049l`;

export interface TerminalOptions {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  readonly onKey: (key: Key) => void;
  readonly onResize: () => void;
}

export class Terminal {
  readonly #options: TerminalOptions;
  readonly #onKeypress: (sequence: string | undefined, key: Key) => void;

  constructor(options: TerminalOptions) {
    const { input, output, onKey, onResize } = options;
    this.#options = options;
    this.#onKeypress = (sequence, key) => onKey({ ...key, sequence: key.sequence ?? sequence });
    output.write(ENTER);
    output.on('resize', onResize);
    if (input.isTTY) {
      emitKeypressEvents(input);
      input.setRawMode(true);
      input.on('keypress', this.#onKeypress);
      input.resume();
    }
  }

  get width(): number {
    return sizeOf(this.#options.output).columns;
  }

  get height(): number {
    return sizeOf(this.#options.output).rows;
  }

  /** Draws the whole screen by one write, without clearing it first, so that nothing flickers. */
  show(lines: readonly ScreenLine[]): void {
    const { output } = this.#options;
    const width = this.width;
    const text = lines.map((line) => `${this.#paint(line, width)}${ESC}K`).join('\r\n');
    output.write(`${ESC}H${text}${ESC}J`);
  }

  close(): void {
    const { input, output, onResize } = this.#options;
    output.removeListener('resize', onResize);
    if (input.isTTY) {
      input.removeListener('keypress', this.#onKeypress);
      input.setRawMode(false);
      input.pause();
    }
    output.write(LEAVE);
  }

  #paint({ text, colour, isSelected = false }: ScreenLine, width: number): string {
    const cut = [...text].slice(0, width).join('');
    if (!hasColours(this.#options.output)) {
      return cut;
    }
    const attributes = [...(colour === undefined ? [] : [codes[colour]]), ...(isSelected ? ['7'] : [])];
    const whole = isSelected ? cut.padEnd(width) : cut;
    return attributes.length === 0 ? whole : `${ESC}${attributes.join(';')}m${whole}${ESC}0m`;
  }
}
