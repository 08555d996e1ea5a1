import { afterEach, describe, expect, it, vi } from 'vitest';
import { isScreen, sizeOf } from './screen.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('a screen', () => {
  it.each<[string, boolean | undefined, boolean]>([
    ['xterm-256color', true, true],
    ['', true, true],
    ['dumb', true, false],
    ['xterm', false, false],
    ['xterm', undefined, false],
  ])('with TERM=%s and isTTY %s: %s', (term, isTTY, expected) => {
    vi.stubEnv('TERM', term);
    expect(isScreen(isTTY === undefined ? {} : { isTTY })).toBe(expected);
  });

  it.each([
    [
      { columns: 40, rows: 10 },
      { columns: 40, rows: 10 },
    ],
    [
      { columns: 0, rows: 0 },
      { columns: 80, rows: 24 },
    ],
    [{}, { columns: 80, rows: 24 }],
  ])('of size %j is taken as %j', (stream, size) => {
    expect(sizeOf(stream)).toEqual(size);
  });
});
