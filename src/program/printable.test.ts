import { describe, expect, it } from 'vitest';
import { toPrintable, toPrintableJson, toPrintableLine } from './printable.ts';

describe('text of others for a terminal', () => {
  it.each([
    ['a title of the window', '\u001b]0;owned\u0007', '\\u001b]0;owned\\u0007'],
    ['C1, as one character', '\u009b2J', '\\u009b2J'],
    ['a carriage return', 'good\rbad', 'good\\u000dbad'],
    ['a backspace and DEL', 'a\b\u007f', 'a\\u0008\\u007f'],
    ['NUL', 'a\0', 'a\\u0000'],
    ['a reversed line', '\u202eabc\u2066', '\\u202eabc\\u2066'],
    ['separators of lines', 'a\u2028b\u2029', 'a\\u2028b\\u2029'],
    ['tabs and line ends, which stay', 'a\tb\n', 'a\tb\n'],
    ['letters', 'Zürich 東京 🙂', 'Zürich 東京 🙂'],
  ])('has no %s', (_name, text, printable) => {
    expect(toPrintable(text)).toBe(printable);
  });

  it('is one line where that is needed', () => {
    expect(toPrintableLine('a\nb\t')).toBe('a\\u000ab\\u0009');
  });

  it('is the same JSON', () => {
    const value = { 'a\u009b': '\u001b[2J\u007f\u202e\n"' };
    const text = toPrintableJson(value);
    expect(JSON.parse(text)).toEqual(value);
    expect(toPrintable(text)).toBe(text);
    expect(text).not.toContain('\u009b');
  });
});
