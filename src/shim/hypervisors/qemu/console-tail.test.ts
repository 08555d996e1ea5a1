import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { readConsole } from './console-tail.ts';

function read(...pieces: readonly string[]): { lines: string[]; last: readonly string[] } {
  const stream = new PassThrough();
  const lines: string[] = [];
  const tail = readConsole(stream, { keptLines: 2, onLine: (line) => lines.push(line) });
  for (const piece of pieces) {
    stream.emit('data', Buffer.from(piece, 'latin1'));
  }
  return { lines, last: tail.lastLines() };
}

describe('readConsole', () => {
  it.each([
    ['whole lines', ['a\r\nb\r\n'], ['a', 'b'], ['a', 'b']],
    ['lines in pieces', ['on', 'e\ntw', 'o\n'], ['one', 'two'], ['one', 'two']],
    ['a line that is not at its end', ['one\ntwo'], ['one'], ['one', 'two']],
    ['more than is kept', ['1\n2\n3\n'], ['1', '2', '3'], ['2', '3']],
    ['empty lines', ['\n\r\n\n1\n'], ['1'], ['1']],
    ['bytes that a terminal would obey', ['\u001b[31mred\u0007\u0000\u009b\n'], ['[31mred'], ['[31mred']],
  ])('reads %s', (_, pieces, lines, last) => {
    expect(read(...pieces)).toEqual({ lines, last });
  });

  it('keeps no more than 200 characters of a line, in however many pieces it comes', () => {
    const { lines } = read('x'.repeat(1_000), 'y'.repeat(1_000), '\nend\n');
    expect(lines).toEqual(['x'.repeat(200), 'end']);
  });
});
