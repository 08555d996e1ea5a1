import { describe, expect, it } from 'vitest';
import { parseRecorded } from '../../test/support/skipped-lines.ts';
import { parseStat } from './stat.ts';

describe('parseStat', () => {
  it.each([
    ['4 columns, before 2.5.41', 'cpu0 1 2 3 4', '0', 4],
    ['7 columns, before 2.6.11', 'cpu0 1 2 3 4 5 6 7', '0', 7],
    ['10 columns', 'cpu12 1 2 3 4 5 6 7 8 9 10', '12', 10],
    ['more than are known', 'cpu0 1 2 3 4 5 6 7 8 9 10 11', '0', 10],
    ['a count that has wrapped below zero', 'cpu0 1 2 3 18446744073709551615', '0', 3],
    ['a negative count', 'cpu0 1 2 -3 4', '0', 3],
    ['a CPU that is there twice', 'cpu0 1 2 3 4\ncpu0 5 6 7 8', '0', 4],
    ['the sum, behind two blanks', 'cpu  1 2 3 4 5 6 7 8 9 10', 'total', 10],
  ])('%s', (_, line, cpu, columns) => {
    const [time, ...others] = parseStat(`${line}\n`).cpus;
    expect(others).toEqual([]);
    expect(time?.cpu).toBe(cpu);
    expect(Object.keys(time?.fields ?? {})).toHaveLength(columns);
  });

  it.each([
    ['too few columns', 'cpu0 1 2 3'],
    ['no columns', 'cpu'],
    ['a word', 'cpu0 1 2 idle 4'],
    ['a CPU that is no number', 'cpux 1 2 3 4'],
    ['no time of start', 'btime'],
    ['a time of start that is none', 'btime yesterday'],
    ['a time of start that has wrapped below zero', 'btime 18446744073709551615'],
  ])('not: %s', (_, line) => {
    expect(parseRecorded(parseStat, `${line}\ncpu7 1 1 1 1\nbtime 5\n`)).toEqual({
      value: { cpus: [expect.objectContaining({ cpu: '7' })], btimeSeconds: '5' },
      skipped: [line],
    });
  });

  it('puts each column under its name, digits untouched', () => {
    expect(parseStat('cpu0 9223372036854775807 2 3 4 5 6 7 8 9 10').cpus[0]?.fields).toEqual({
      user: '9223372036854775807',
      nice: '2',
      system: '3',
      idle: '4',
      iowait: '5',
      irq: '6',
      softirq: '7',
      steal: '8',
      guest: '9',
      guest_nice: '10',
    });
  });

  it('passes over the other lines, also those that it does not know', () => {
    expect(parseStat('intr 5 0 0\nctxt 7\nbtime 1700000000\nprocesses 8\ncpus 4\nnews of 2030\n')).toEqual({
      cpus: [],
      btimeSeconds: '1700000000',
    });
  });

  it('gives only the CPUs that are on line', () => {
    expect(parseStat('cpu 1 1 1 1\ncpu0 1 1 1 1\ncpu3 1 1 1 1\n').cpus.map(({ cpu }) => cpu)).toEqual([
      'total',
      '0',
      '3',
    ]);
  });
});
