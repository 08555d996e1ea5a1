import { describe, expect, it } from 'vitest';
import { checkWords } from './word-check.ts';

function check(text: string, ...exceptions: Parameters<typeof checkWords>[1] & {}): string[] {
  return checkWords(new Map([['src/a.ts', text]]), exceptions);
}

const [person, number, order, state] = ['nob' + 'ody', 'fig' + 'ures', 'be' + 'hind', 'hu' + 'ng'];

describe('checkWords', () => {
  it.each([
    ['a word in a comment', `// ${person} reads it\n`, 1, person],
    ['a word in a string', `const help = 'The ${number} of a shim';\n`, 1, number],
    ['a word at the start of a sentence', `One line.\nN${person.slice(1)} reads it.\n`, 2, `N${person.slice(1)}`],
    ['a phrase', `the samples ${order} are dropped`, 1, `samples ${order}`],
    [
      'a phrase over two lines of a comment',
      `/**\n * the samples\n * ${order} are dropped\n */`,
      2,
      `samples ${order}`,
    ],
    ['a phrase over two lines of slashes', `// the samples\n// ${order} are dropped\n`, 1, `samples ${order}`],
  ])('finds %s', (_, text, line, found) => {
    expect(check(text)).toEqual([expect.stringMatching(new RegExp(`^src/a\\.ts:${line}: "${found}", write: `))]);
  });

  it.each([
    ['another word', 'prefigures, changed, shung\n'],
    ['a part of a name in camel case', `const ${state}GraceMs = 250;\n`],
    ['the place of a thing', `a proxy ${order} the firewall\n`],
    ['no text', ''],
  ])('accepts %s', (_, text) => {
    expect(check(text)).toEqual([]);
  });

  it.each([
    ['src/a.ts', 1],
    ['docs/a.md', 1],
    ['README.md', 1],
    ['web/a.tsx', 1],
    ['src/a.test.ts', 0],
    ['test/support/a.ts', 0],
    ['bench/a.ts', 0],
  ])('finds words of the product in %s: %d', (path, count) => {
    expect(checkWords(new Map([[path, 'the bound of a buffer\n']]), [])).toHaveLength(count);
  });

  it('finds each occurrence', () => {
    expect(check(`${person}, ${person}\n${state}\n`)).toHaveLength(3);
  });

  it('accepts a word within the phrase of an exception, and only there', () => {
    const text = `state '${state}'\nit ${state} again\n`;
    const exception = { path: 'src/a.ts', phrase: `'${state}'`, reason: 'a value' };
    expect(check(text, exception)).toEqual([expect.stringContaining('src/a.ts:2: ')]);
  });

  it('applies an exception to its file only', () => {
    const exception = { path: 'src/b.ts', phrase: state, reason: 'a value' };
    expect(check(`${state}\n`, exception)).toHaveLength(2);
  });

  it('reports an exception that is not needed', () => {
    const exception = { path: 'src/a.ts', phrase: state, reason: 'a value' };
    expect(check('healthy\n', exception)).toEqual([`src/a.ts: does not need the exception "${state}"`]);
  });
});
