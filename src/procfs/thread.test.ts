import { describe, expect, it } from 'vitest';
import { parseRecorded } from '../../test/support/skipped-lines.ts';
import { createProcfs, readThreadIds, readThreadName, readThreadWaitNs } from './index.ts';
import { parseSchedstatWait } from './thread.ts';

describe('parseSchedstatWait', () => {
  it.each([
    ['three numbers', '1234 567 8\n', '567', 0],
    ['no line feed', '1234 567 8', '567', 0],
    ['zeros, of a kernel that does not count', '0 0 0\n', '0', 0],
    ['a further column', '1 2 3 4\n', '2', 0],
    ['two numbers', '1 2\n', undefined, 1],
    ['a number that has wrapped below zero', '1 18446744073709551615 3\n', undefined, 1],
    ['words', 'a b c\n', undefined, 1],
    ['nothing', '', undefined, 1],
  ])('%s', (_, text, value, skipped) => {
    const parsed = parseRecorded(parseSchedstatWait, text);
    expect(parsed.value).toBe(value);
    expect(parsed.skipped).toHaveLength(skipped);
  });
});

describe('the threads of this process', () => {
  const procfs = createProcfs();

  it('have numbers, names and a time of waiting', () => {
    const ids = readThreadIds(procfs, process.pid, 10_000)!;
    expect(ids).toContain(String(process.pid));
    expect(readThreadName(procfs, process.pid, String(process.pid))).toMatch(/./);
    expect(Number(readThreadWaitNs(procfs, process.pid, String(process.pid)))).toBeGreaterThanOrEqual(0);
  });

  it.each([['0'], ['nothing'], ['../../1']])('are not there: %s', (id) => {
    expect(readThreadName(procfs, 4_194_304, id)).toBeUndefined();
    expect(readThreadWaitNs(procfs, 4_194_304, id)).toBeUndefined();
  });
});
