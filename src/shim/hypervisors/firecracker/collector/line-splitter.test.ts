import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineSplitter } from './line-splitter.ts';

const MAX_LINE_BYTES = 8;

/** What comes of pieces pushed one after the other. */
function split(pieces: readonly string[]): { lines: string[]; tooLong: number; wasWithin: boolean } {
  const lines: string[] = [];
  let tooLong = 0;
  const splitter = new LineSplitter({
    maxLineBytes: MAX_LINE_BYTES,
    onLine: (line) => lines.push(line.toString()),
    onTooLong: () => {
      tooLong += 1;
    },
  });
  const reused = Buffer.alloc(1000);
  for (const piece of pieces) {
    // Readers use their memory again, so the splitter may keep none of it.
    splitter.push(reused.subarray(0, reused.write(piece, 'latin1')));
    reused.fill('x');
  }
  return { lines, tooLong, wasWithin: splitter.reset() };
}

const cases: readonly [string, string, ReturnType<typeof split>][] = [
  ['nothing', '', { lines: [], tooLong: 0, wasWithin: false }],
  ['two lines', 'one\ntwo\n', { lines: ['one', 'two'], tooLong: 0, wasWithin: false }],
  ['a line without its end', 'one\ntw', { lines: ['one'], tooLong: 0, wasWithin: true }],
  ['empty lines', '\n\none\n\n', { lines: ['one'], tooLong: 0, wasWithin: false }],
  ['just the bound', '12345678\n', { lines: ['12345678'], tooLong: 0, wasWithin: false }],
  ['one more', '123456789\ntwo\n', { lines: ['two'], tooLong: 1, wasWithin: false }],
  ['one that goes on', `${'1'.repeat(500)}`, { lines: [], tooLong: 1, wasWithin: true }],
  ['two too long', `${'1'.repeat(20)}\n${'1'.repeat(20)}\nok\n`, { lines: ['ok'], tooLong: 2, wasWithin: false }],
];

describe('LineSplitter', () => {
  it.each(cases)('%s, whole', (_, text, expected) => {
    expect(split([text])).toEqual(expected);
  });

  it.each(cases)('%s, byte by byte', (_, text, expected) => {
    expect(split([...text])).toEqual(expected);
  });

  it('gives the same however the bytes are cut', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 60 });
    fc.assert(
      fc.property(text, fc.array(fc.nat(60)), (whole, cuts) => {
        const at = [0, ...cuts.filter((cut) => cut <= whole.length).sort((a, b) => a - b), whole.length];
        const pieces = at.slice(1).map((end, i) => whole.slice(at[i], end));
        expect(split(pieces)).toEqual(split([whole]));
      }),
    );
  });

  it('does not go on with a line that was broken off', () => {
    const lines: string[] = [];
    const splitter = new LineSplitter({
      maxLineBytes: MAX_LINE_BYTES,
      onLine: (line) => lines.push(line.toString()),
      onTooLong: () => undefined,
    });
    splitter.push(Buffer.from('one\ntw'));
    expect(splitter.reset()).toBe(true);
    expect(splitter.reset()).toBe(false);
    splitter.push(Buffer.from('three\n'));
    expect(lines).toEqual(['one', 'three']);
  });
});
