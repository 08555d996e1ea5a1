import { describe, expect, it } from 'vitest';
import { malformed, ProcfsError } from './procfs-error.ts';

describe('malformed', () => {
  it.each([
    ['a short text', 'a "b"\n', '"a \\"b\\"\\n"'],
    ['nothing', '', '""'],
    ['80 characters', 'x'.repeat(80), `"${'x'.repeat(80)}"`],
    ['more', 'x'.repeat(1080), `"${'x'.repeat(80)}" and 1000 more characters`],
  ])('quotes %s', (_, text, quoted) => {
    const error = malformed('stat', 'seconds', text);
    expect(error).toBeInstanceOf(ProcfsError);
    expect(error).toMatchObject({
      name: 'ProcfsError',
      code: 'malformed',
      message: `Cannot parse stat: expected seconds, got ${quoted}`,
    });
  });
});
