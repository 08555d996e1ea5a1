import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRecorded } from '../../test/support/skipped-lines.ts';
import { parseLoadavg } from './loadavg.ts';

describe('parseLoadavg', () => {
  it.each([
    ['an idle machine', '0.00 0.00 0.00 1/1 1\n', ['0.00', '0.00', '0.00', '1', '1']],
    ['a busy one', '1024.07 512.99 100.10 1025/99999 4194304\n', ['1024.07', '512.99', '100.10', '1025', '99999']],
    ['no line feed', '0.20 0.18 0.12 0/80 11206', ['0.20', '0.18', '0.12', '0', '80']],
  ])('%s', (_, text, [load1, load5, load15, runnableTasks, totalTasks]) => {
    expect(parseLoadavg(text)).toEqual({ load1, load5, load15, runnableTasks, totalTasks });
  });

  it.each([
    ['nothing', ''],
    ['two averages', '0.00 0.00 1/1 1'],
    ['no decimals', '0 0 0 1/1 1'],
    ['a comma', '0,00 0,00 0,00 1/1 1'],
    ['words', 'very busy'],
    ['a load that has wrapped below zero', '18446744073709551615.00 0.00 0.00 1/1 1'],
  ])('not: %s', (_, text) => {
    expect(parseRecorded(parseLoadavg, text)).toEqual({ value: undefined, skipped: [text] });
  });

  it.each([
    ['no pid', '0.00 0.00 0.00 1/2', '1', '2', 0],
    ['further columns', '0.00 0.00 0.00 1/2 7 8', '1', '2', 0],
    ['a second line', '0.00 0.00 0.00 1/2 7\n0.00', '1', '2', 0],
    ['no slash', '0.00 0.00 0.00 1 1', undefined, undefined, 1],
    ['a negative number of tasks', '0.00 0.00 0.00 -1/2 1', undefined, '2', 1],
    ['more tasks that can run than there are', '0.00 0.00 0.00 4294967295/2 1', undefined, '2', 1],
    ['a total that has wrapped below zero', '0.00 0.00 0.00 1/18446744073709551615 1', undefined, undefined, 1],
  ])('%s', (_, text, runnableTasks, totalTasks, skipped) => {
    const parsed = parseRecorded(parseLoadavg, text);
    expect(parsed.value).toEqual({ load1: '0.00', load5: '0.00', load15: '0.00', runnableTasks, totalTasks });
    expect(parsed.skipped).toHaveLength(skipped);
  });

  it('gives back what a kernel prints', () => {
    const average = fc
      .tuple(fc.nat(99_999_999), fc.nat(99))
      .map(([whole, part]) => `${whole}.${String(part).padStart(2, '0')}`);
    const count = fc.nat().map(String);
    const printed = fc.record({
      load1: average,
      load5: average,
      load15: average,
      runnableTasks: count,
      others: fc.nat(),
    });
    fc.assert(
      fc.property(printed, ({ others, ...load }) => {
        const totalTasks = String(Number(load.runnableTasks) + others);
        const text = `${load.load1} ${load.load5} ${load.load15} ${load.runnableTasks}/${totalTasks} 7\n`;
        expect(parseLoadavg(text)).toEqual({ ...load, totalTasks });
      }),
    );
  });
});
