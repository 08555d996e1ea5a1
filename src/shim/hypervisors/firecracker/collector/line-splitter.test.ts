import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineSplitter } from './line-splitter.ts';

const MAX_LINE_BYTES = 8;

/** What comes of pieces pushed one after the other. */
function split(pieces: readonly string[]): { lines: string[]; tooLong: number; rest: string | undefined } {
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
  const whole = lines.length;
  splitter.breakLine();
  return { lines: lines.slice(0, whole), tooLong, rest: lines[whole] };
}

const cases: readonly [string, string, ReturnType<typeof split>][] = [
  ['nothing', '', { lines: [], tooLong: 0, rest: undefined }],
  ['two lines', 'one\ntwo\n', { lines: ['one', 'two'], tooLong: 0, rest: undefined }],
  ['a line without its end', 'one\ntw', { lines: ['one'], tooLong: 0, rest: 'tw' }],
  ['empty lines', '\n\none\n\n', { lines: ['one'], tooLong: 0, rest: undefined }],
  ['just the bound', '12345678\n', { lines: ['12345678'], tooLong: 0, rest: undefined }],
  ['one more', '123456789\ntwo\n', { lines: ['two'], tooLong: 1, rest: undefined }],
  ['one that goes on', `${'1'.repeat(500)}`, { lines: [], tooLong: 1, rest: undefined }],
  ['NULs in front', '\0\0\0one\n', { lines: ['one'], tooLong: 0, rest: undefined }],
  ['more NULs than a line may have', `${'\0'.repeat(500)}one\n`, { lines: ['one'], tooLong: 0, rest: undefined }],
  ['NULs within a line', 'one\0\0two\n\0three', { lines: ['one', 'two'], tooLong: 0, rest: 'three' }],
  ['NULs alone', '\0\n\0\0', { lines: [], tooLong: 0, rest: undefined }],
  ['two too long', `${'1'.repeat(20)}\n${'1'.repeat(20)}\nok\n`, { lines: ['ok'], tooLong: 2, rest: undefined }],
];

describe('LineSplitter', () => {
  it.each(cases)('%s, whole', (_, text, expected) => {
    expect(split([text])).toEqual(expected);
  });

  it.each(cases)('%s, byte by byte', (_, text, expected) => {
    expect(split([...text])).toEqual(expected);
  });

  it('gives the same however the bytes are cut', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '\n', '\0'), maxLength: 60 });
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
    splitter.breakLine();
    splitter.breakLine();
    splitter.push(Buffer.from('three\n'));
    expect(lines).toEqual(['one', 'tw', 'three']);
  });
});
