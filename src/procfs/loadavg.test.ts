import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
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
    ['no slash', '0.00 0.00 0.00 1 1'],
    ['no pid', '0.00 0.00 0.00 1/1'],
    ['a negative count', '0.00 0.00 0.00 -1/1 1'],
    ['two lines', '0.00 0.00 0.00 1/1 1\n0.00 0.00 0.00 1/1 1\n'],
  ])('not: %s', (_, text) => {
    expect(() => parseLoadavg(text)).toThrow(
      expect.objectContaining({
        name: 'ProcfsError',
        code: 'malformed',
        message: `Cannot parse loadavg: expected three averages, two counts and a pid, got ${JSON.stringify(text)}`,
      }),
    );
  });

  it('gives back what a kernel prints', () => {
    const average = fc.tuple(fc.nat(), fc.nat(99)).map(([whole, part]) => `${whole}.${String(part).padStart(2, '0')}`);
    const count = fc.nat().map(String);
    const printed = fc.record({
      load1: average,
      load5: average,
      load15: average,
      runnableTasks: count,
      totalTasks: count,
    });
    fc.assert(
      fc.property(printed, (load) => {
        const { load1, load5, load15, runnableTasks, totalTasks } = load;
        expect(parseLoadavg(`${load1} ${load5} ${load15} ${runnableTasks}/${totalTasks} 7\n`)).toEqual(load);
      }),
    );
  });
});
