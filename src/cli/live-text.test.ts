import { describe, expect, it } from 'vitest';
import { LiveText } from './live-text.ts';

/** What a terminal of `columns` and `rows` shows after all writes: as much of its language as LiveText speaks. */
class Screen {
  readonly isTTY = true;
  readonly columns: number;
  readonly rows: number;
  #lines: string[] = [''];
  #at = 0;

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
  }

  write(text: string): void {
    for (const [piece, up, clear] of text.matchAll(/\u001b\[(\d+)A|(\u001b\[J)|\r|\n|[^\u001b\r\n]+/g)) {
      if (up !== undefined) {
        // Not further than to the first line that has not left the screen.
        this.#at = Math.max(this.#at - Number(up), this.#lines.length - this.rows, 0);
      } else if (clear !== undefined) {
        this.#lines = [...this.#lines.slice(0, this.#at), ''];
      } else if (piece === '\n') {
        this.#at++;
        this.#lines[this.#at] ??= '';
      } else if (piece !== '\r') {
        const pieces = piece.match(new RegExp(`.{1,${this.columns}}`, 'g'))!;
        this.#lines.splice(this.#at, 1, ...pieces);
        this.#at += pieces.length - 1;
      }
    }
  }

  /** All lines, those that have left the screen too. */
  text(): string {
    return this.#lines.join('\n');
  }
}

describe('LiveText', () => {
  it('writes each text over the last', () => {
    const screen = new Screen(80, 24);
    const live = new LiveText(screen);
    screen.write('above\n');
    live.show('one\ntwo\nthree\n');
    live.show('four\n');
    live.show('five\nsix\n');
    expect(screen.text()).toBe('above\nfive\nsix\n');
  });

  it('keeps notes above the text', () => {
    const screen = new Screen(80, 24);
    const live = new LiveText(screen);
    live.note('first');
    live.show('one\ntwo\n');
    live.note('second');
    live.show('three\n');
    expect(screen.text()).toBe('first\nsecond\nthree\n');
  });

  it('cuts lines that would break', () => {
    const screen = new Screen(5, 24);
    const live = new LiveText(screen);
    live.show('123456\nab\n');
    live.show('abcdefgh\n');
    expect(screen.text()).toBe('abcde\n');
  });

  it('reports how many lines do not fit', () => {
    const screen = new Screen(80, 4);
    const live = new LiveText(screen);
    screen.write('above\n');
    live.show('1\n2\n3\n4\n5\n');
    live.show('a\nb\nc\nd\ne\n');
    expect(screen.text()).toBe('above\na\nb\n... 3 more lines\n');
  });

  it('decorates lines after they are cut', () => {
    const screen = new Screen(3, 24);
    new LiveText(screen, (line) => line.toUpperCase()).show('abcdef\n');
    expect(screen.text()).toBe('ABC\n');
  });

  it('writes nothing but text where there is no terminal', () => {
    const written: string[] = [];
    const live = new LiveText({ columns: 3, write: (text) => written.push(text) }, () => 'decorated');
    live.show('one\ntwenty\n');
    live.note('note');
    live.show('two\n');
    expect(written.join('')).toBe('one\ntwenty\nnote\ntwo\n');
  });
});
