import { describe, expect, it } from 'vitest';
import { checkText } from './tracked-text.ts';

// Put together here, so that this file does not break the rules itself.
const machinePath = ['', 'work', 'main'].join('/');
const registry = ['registry', 'npmjs', 'org'].join('.');
const skip = ['it', "skip('x')"].join('.');
const only = ['describe', "only.each([1])('x')"].join('.');

describe('text that is refused', () => {
  it.each([
    ['README.md', `see ${machinePath}`, 'README.md:1: a path of one machine'],
    ['src/a.ts', `\n\n// ${registry}`, 'src/a.ts:3: the host of a package registry'],
    ['package-lock.json', '"resolved": "x"', 'package-lock.json:1: an address in the lockfile'],
    ['src/a.test.ts', skip, 'src/a.test.ts:1: a test that is switched off or alone'],
    ['src/a.test.ts', only, 'src/a.test.ts:1: a test that is switched off or alone'],
    ['test/a.ts', 'const maxBytes = 4 * 1024;', 'test/a.ts:1: a constant number that is not in UPPER_SNAKE_CASE'],
    ['src/a.ts', "export const prefix = 'a';", 'src/a.ts:1: a constant string that is not in UPPER_SNAKE_CASE'],
  ])('%s: %s', (path, text, fault) => {
    expect(checkText(new Map([[path, text]]))).toEqual([fault]);
  });
});

describe('text that is fine', () => {
  it.each([
    ['src/a.test.ts', "describe.skipIf(missing.length > 0)('x')"],
    ['src/a.ts', "const path = '/tmp/work/a'"],
    ['src/a.ts', skip],
    ['src/a.ts', "const MAX_BYTES = 4 * 1024;\nconst PREFIX = 'a';\nconst bySize = [1, 2];"],
    ['src/a.test.ts', "const body = 'a 1\\n';"],
    ['src/a.ts', "  const prefix = 'a';"],
  ])('%s: %s', (path, text) => {
    expect(checkText(new Map([[path, text]]))).toEqual([]);
  });
});
