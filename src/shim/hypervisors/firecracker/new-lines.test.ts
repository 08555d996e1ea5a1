import { describe, expect, it } from 'vitest';
import { NewLines } from './new-lines.ts';

const line = (ms: number, more = ''): string => `{"utc_timestamp_ms":${ms}${more}}\n`;

describe('NewLines', () => {
  it.each([
    ['nothing', '', ''],
    ['a line', line(5), line(5)],
    ['lines, and not the older ones after them', line(5) + line(6) + line(1) + line(7), line(5) + line(6)],
    ['lines of one time', line(5) + line(5), line(5) + line(5)],
    ['not where new meets old', `${line(5)}{"utc_timestamp_ms":6,"ab":1}}\n${line(1)}`, line(5)],
    ['not a line without its end', `${line(5)}{"utc_timestamp_ms":6}`, line(5)],
    ['not a line without a time', '{}\n', ''],
    ['not a hole', `\0\0\0${line(5)}`, ''],
    ['no text', 'error\n', ''],
    ['not the rest of an old line', `":1}}\n${line(5)}`, ''],
    ['a line with groups', line(5, ',"net":{"a":1}'), line(5, ',"net":{"a":1}')],
  ])('takes %s', (_, text, taken) => {
    expect(new NewLines(0).take(Buffer.from(text)).toString()).toBe(taken);
  });

  it('remembers when the first one was written', () => {
    const lines = new NewLines(0);
    expect(lines.take(Buffer.from(line(5))).toString()).toBe(line(5));
    expect(lines.take(Buffer.from(line(4))).toString()).toBe('');
    expect(lines.take(Buffer.from(line(6))).toString()).toBe(line(6));
  });
});
