/**
 * No regular expression of the product may backtrack more than a constant number of times for each character of its input:
 * guests, shims and clients choose that input. Every literal in `src` is analysed.
 */
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isSafePattern } from 'redos-detector';
import { parseAst } from 'rolldown/parseAst';
import { describe, expect, it } from 'vitest';

/** Ways in which one place of the input can be matched. Harmless patterns have 1 to 3, cubic ones have no limit. */
const MAX_SCORE = 10;

/** What may backtrack, and why its input is short and not foreign. */
const exceptions: Readonly<Record<string, string>> = {
  '(\\d+(?:\\.\\d*)?)(ns|us|µs|ms|s|m|h)': 'durations of a command line',
  '([0-9]*)(\\.[0-9]*)?(ns|us|µs|μs|ms|s|m|h)': 'durations of web.yml, of at most 100 characters',
  '_(?:SERVICE_HOST|SERVICE_PORT(?:_\\w+)?|PORT(?:_\\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)$':
    "names of the program's own environment variables",
};

interface Pattern {
  readonly pattern: string;
  readonly flags: string;
}

const files = globSync('src/**/*.ts', { cwd: fileURLToPath(new URL('..', import.meta.url)) })
  .filter((path) => !path.endsWith('.test.ts') && !path.includes('/gen/'))
  .sort();

function findPatterns(path: string): Pattern[] {
  const found: Pattern[] = [];
  const program = parseAst(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8'), { lang: 'ts' }, path);
  JSON.stringify(program, (_key, node: { type?: string; regex?: Pattern } | bigint | null) => {
    if (typeof node === 'object' && node?.type === 'Literal' && node.regex !== undefined) {
      found.push(node.regex);
    }
    return typeof node === 'bigint' ? String(node) : node;
  });
  return found;
}

function isLinear({ pattern, flags }: Pattern): boolean {
  const options = { maxScore: MAX_SCORE, caseInsensitive: flags.includes('i'), unicode: flags.includes('u') };
  return isSafePattern(pattern, options).safe;
}

describe('patterns', () => {
  it.each([
    ['of a header line, cubic', '^([!-~]+):[ \\t]*([^\\r\\n\\0]*?)[ \\t]*$'],
    ['of a number, quadratic', '[0-9]*\\.?[0-9]*x'],
    ['exponential', '^(a+)+$'],
  ])('that backtrack are found: %s', (_name, pattern) => {
    expect(isLinear({ pattern, flags: '' })).toBe(false);
  });

  it('of the product cost linear time', () => {
    const found = files.flatMap((path) => findPatterns(path).map((pattern) => ({ path, ...pattern })));
    expect(found.length).toBeGreaterThan(50);
    const unsafe = found.filter((pattern) => exceptions[pattern.pattern] === undefined && !isLinear(pattern));
    expect(unsafe.map(({ path, pattern }) => `${path}: /${pattern}/`)).toEqual([]);
  });

  it('are not built from text', () => {
    const built = files.filter((path) =>
      /\bRegExp\(/.test(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')),
    );
    // The text is the list of suffixes that the formats have, and the number of an inode.
    expect(built).toEqual(['src/exposition/format/suffixes.ts', 'src/monitor/http/listen.ts']);
  });
});
