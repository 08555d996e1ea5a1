import { describe, expect, it } from 'vitest';
import { isId } from './index.ts';

describe('isId', () => {
  it.each(['a', '0', 'A', 'a.b-c_d', 'a..b', `${'0123456789abcdef'.repeat(4)}`, 'x'.repeat(128)])('takes %s', (id) => {
    expect(isId(id)).toBe(true);
  });

  it.each(['', '.', '..', '.a', '-a', '_a', 'a/b', '../x', 'a\0', 'a\n', 'a b', 'ä', 'a%2fb', '<b>', 'x'.repeat(129)])(
    'refuses %j',
    (id) => {
      expect(isId(id)).toBe(false);
    },
  );
});
