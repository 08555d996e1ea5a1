import { describe, expect, it } from 'vitest';
import { parseRecorded } from '../../test/support/skipped-lines.ts';
import { parseUptime } from './uptime.ts';

describe('parseUptime', () => {
  it.each([
    ['just started', '0.00 0.00\n', '0.00', '0.00'],
    ['idle for longer than it runs, on several CPUs', '350735.47 1402941.88\n', '350735.47', '1402941.88'],
    ['years', '4294967296.01 999999999999.99\n', '4294967296.01', '999999999999.99'],
    ['a further column', '1.00 2.00 3.00\n', '1.00', '2.00'],
    ['no idle time', '350735.47\n', '350735.47', undefined],
    ['an idle time that has wrapped below zero', '1.00 18446744073709551615.99\n', '1.00', undefined],
  ])('%s', (_, text, uptimeSeconds, idleSeconds) => {
    expect(parseUptime(text)).toEqual({ uptimeSeconds, idleSeconds });
  });

  it.each([
    ['nothing', ''],
    ['no decimals', '1 2\n'],
    ['a sign', '-1.00 2.00\n'],
    ['words', 'up 2 days\n'],
  ])('not: %s', (_, text) => {
    expect(parseRecorded(parseUptime, text)).toEqual({ value: undefined, skipped: [text.trimEnd()] });
  });
});
