import { describe, expect, it } from 'vitest';
import { parseRecorded } from '../../test/support/skipped-lines.ts';
import { parseNetDev } from './net-dev.ts';

const HEADER = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
`;
const SIXTEEN = '1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16';

describe('parseNetDev', () => {
  it.each([
    ['a blank behind the colon', `    lo: ${SIXTEEN}`, 'lo'],
    ['a value that touches the colon', `  eth0:${SIXTEEN}`, 'eth0'],
    ['an alias, which has a colon in its name', `eth0:1: ${SIXTEEN}`, 'eth0:1'],
    ['a name of 15 bytes', `abcdefghijklmno: ${SIXTEEN}`, 'abcdefghijklmno'],
    ['a name with anything in it', ` a-b_c.d|"é": ${SIXTEEN}`, 'a-b_c.d|"é"'],
    ['columns that are not known', `  eth0: ${SIXTEEN} 17 18`, 'eth0'],
    ['64 bits', `  eth0: ${SIXTEEN.replace('1 ', '18446744073709551615 ')}`, 'eth0'],
  ])('%s', (_, line, name) => {
    expect(parseNetDev(`${HEADER}${line}\n`).map((device) => device.name)).toEqual([name]);
  });

  it.each([
    ['no colon', `eth0 ${SIXTEEN}`],
    ['no name', `: ${SIXTEEN}`],
    ['fewer columns', '  eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15'],
    ['no columns', '  eth0:'],
    ['a word among them', `  eth0: ${SIXTEEN.replace('7', 'x')}`],
    ['a long name', `${'n'.repeat(65)}: ${SIXTEEN}`],
    ['the line of kernels before 2.1', '  eth0: No statistics available.'],
  ])('not: %s', (_, line) => {
    expect(parseRecorded(parseNetDev, `${HEADER}${line}\n  eth1: ${SIXTEEN}\n`)).toMatchObject({
      value: [{ name: 'eth1' }],
      skipped: [line],
    });
  });

  it.each([
    ['a counter that has wrapped below zero', SIXTEEN.replace('1 ', '18446744073709551615 ')],
    ['a negative counter', SIXTEEN.replace('1 ', '-1 ')],
    ['a number that no machine has', SIXTEEN.replace('1 ', `${'9'.repeat(50)} `)],
  ])('leaves out %s, and nothing else', (_, columns) => {
    const { value, skipped } = parseRecorded(parseNetDev, `${HEADER}  eth0: ${columns}\n`);
    expect(Object.keys(value[0]!.receive)).toEqual([
      'packets',
      'errs',
      'drop',
      'fifo',
      'frame',
      'compressed',
      'multicast',
    ]);
    expect(Object.keys(value[0]!.transmit)).toHaveLength(8);
    expect(skipped).toHaveLength(1);
  });

  it.each([
    ['no header', ''],
    ['one line of it', 'Inter-|   Receive |  Transmit\n'],
  ])('reads the devices with %s', (_, header) => {
    const { value, skipped } = parseRecorded(parseNetDev, `${header}    lo: ${SIXTEEN}\n  eth0: ${SIXTEEN}\n`);
    expect(value.map(({ name }) => name)).toEqual(['lo', 'eth0']);
    expect(skipped).toEqual([]);
  });

  it('gives an interface that is there twice once', () => {
    const text = `${HEADER}  eth0: ${SIXTEEN}\n  eth0: ${SIXTEEN.replace('1 ', '9 ')}\n`;
    expect(parseRecorded(parseNetDev, text)).toMatchObject({
      value: [{ receive: { bytes: '1' } }],
      skipped: [expect.any(String)],
    });
  });

  it('puts each column under its name', () => {
    expect(parseNetDev(`${HEADER}  eth0: ${SIXTEEN}\n`)).toEqual([
      {
        name: 'eth0',
        receive: {
          bytes: '1',
          packets: '2',
          errs: '3',
          drop: '4',
          fifo: '5',
          frame: '6',
          compressed: '7',
          multicast: '8',
        },
        transmit: {
          bytes: '9',
          packets: '10',
          errs: '11',
          drop: '12',
          fifo: '13',
          colls: '14',
          carrier: '15',
          compressed: '16',
        },
      },
    ]);
  });

  it('is empty in a namespace without interfaces', () => {
    expect(parseNetDev(HEADER)).toEqual([]);
  });
});
