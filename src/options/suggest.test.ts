import { describe, expect, it } from 'vitest';
import { countEdits, findNearest, suggest } from './suggest.ts';

const KNOWN = ['listen-address', 'log-level', 'log-format', 'runtime-endpoint', 'ls', 'get', 'up'];

describe('findNearest', () => {
  it.each([
    ['lisen-address', 'listen-address'],
    ['listen-adress', 'listen-address'],
    ['log-lvel', 'log-level'],
    ['loglevel', 'log-level'],
    ['runtime-endpiont', 'runtime-endpoint'],
    ['sl', 'ls'],
    ['gte', 'get'],
    ['web.config.file', undefined],
    ['x', undefined],
    ['', undefined],
    ['l'.repeat(100_000), undefined],
  ])('of %j is %j', (word, nearest) => {
    expect(findNearest(word, KNOWN)).toBe(nearest);
  });
});

describe('countEdits', () => {
  it.each([
    ['', '', 0],
    ['abc', '', 3],
    ['', 'abc', 3],
    ['abc', 'abd', 1],
    ['abc', 'acb', 1],
    ['kitten', 'sitting', 3],
  ])('of %j and %j is %i', (a, b, edits) => {
    expect(countEdits(a, b)).toBe(edits);
  });
});

describe('suggest', () => {
  it('is a part of a message, or empty', () => {
    expect(suggest('gte', KNOWN)).toBe('; did you mean "get"?');
    expect(suggest('lisen-address', KNOWN, '--')).toBe('; did you mean "--listen-address"?');
    expect(suggest('nothing-like-it', KNOWN)).toBe('');
  });
});
