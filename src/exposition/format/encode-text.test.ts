import { expect, it } from 'vitest';
import { escapeHelp, unescapeHelp } from './encode-text.ts';

it.each([
  ['plain', 'plain'],
  ['a\nb', 'a\\nb'],
  ['C:\\new', 'C:\\\\new'],
  ['\\\n\\', '\\\\\\n\\\\'],
  ['', ''],
])('escapes %j as %j, and back', (text, escaped) => {
  expect(escapeHelp(text)).toBe(escaped);
  expect(unescapeHelp(escaped)).toBe(text);
});

it('leaves a backslash in front of something else', () => {
  expect(unescapeHelp('a\\tb \\" \\')).toBe('a\\tb \\" \\');
});
