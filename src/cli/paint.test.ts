import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { paint } from './paint.ts';

const terminal = { isTTY: true } as NodeJS.WriteStream;
const pipe = {} as NodeJS.WriteStream;

describe('paint', () => {
  beforeEach(() => {
    vi.stubEnv('TERM', 'xterm');
    vi.stubEnv('NO_COLOR', '');
  });

  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('paints on a terminal', () => {
    expect(paint('red', 'stale', terminal)).toBe('\u001b[31mstale\u001b[0m');
  });

  it('does not paint elsewhere', () => {
    expect(paint('red', 'stale', pipe)).toBe('stale');
  });

  it.each([
    ['NO_COLOR', '1'],
    ['TERM', 'dumb'],
  ])('does not paint where %s is "%s"', (name, value) => {
    vi.stubEnv(name, value);
    expect(paint('red', 'stale', terminal)).toBe('stale');
  });
});
