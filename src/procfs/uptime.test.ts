import { describe, expect, it } from 'vitest';
import { parseUptime } from './uptime.ts';

describe('parseUptime', () => {
  it.each([
    ['just started', '0.00 0.00\n', '0.00', '0.00'],
    ['idle for longer than it runs, on several CPUs', '350735.47 1402941.88\n', '350735.47', '1402941.88'],
    ['years', '4294967296.01 18446744073709551615.99\n', '4294967296.01', '18446744073709551615.99'],
  ])('%s', (_, text, uptimeSeconds, idleSeconds) => {
    expect(parseUptime(text)).toEqual({ uptimeSeconds, idleSeconds });
  });

  it.each([
    ['nothing', ''],
    ['one figure', '350735.47\n'],
    ['three', '1.00 2.00 3.00\n'],
    ['no decimals', '1 2\n'],
    ['a sign', '-1.00 2.00\n'],
    ['words', 'up 2 days\n'],
  ])('not: %s', (_, text) => {
    expect(() => parseUptime(text)).toThrow(
      expect.objectContaining({
        name: 'ProcfsError',
        code: 'malformed',
        message: `Cannot parse uptime: expected two times in seconds, got ${JSON.stringify(text)}`,
      }),
    );
  });
});
