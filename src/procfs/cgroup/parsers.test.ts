import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseProcessCgroups } from '../process-cgroup.ts';
import { ProcfsError } from '../procfs-error.ts';
import { parseCgroupBlkio } from './blkio.ts';
import { parseCpuacctUsagePercpu } from './cpuacct-usage-percpu.ts';
import { parseCgroupFlatKeyed } from './flat-keyed.ts';
import { findHugetlbSizes } from './hugetlb.ts';
import { parseCgroupIoStat } from './io-stat.ts';
import { parseCgroupProcs } from './procs.ts';
import { parseCgroupValue } from './value.ts';

const malformed = (what: string) =>
  expect.objectContaining({ code: 'malformed', message: expect.stringContaining(`Cannot parse ${what}: `) });

describe('parseCgroupValue', () => {
  it.each([
    ['a number', '1114112\n', '1114112'],
    ['64 bits', '18446744073709551615\n', '18446744073709551615'],
    ['no bound', 'max\n', 'max'],
    ['no bound of v1', '-1\n', '-1'],
    ['no line feed', '0', '0'],
  ])('%s', (_, text, value) => {
    expect(parseCgroupValue('memory.max', text)).toBe(value);
  });

  it.each(['', '\n', 'min', '1 2', '1.5', '0x10', '1\n2\n'])('not: %j', (text) => {
    expect(() => parseCgroupValue('memory.max', text)).toThrow(malformed('memory.max'));
  });
});

describe('parseCgroupFlatKeyed', () => {
  it('cpu.stat of v2', () => {
    const text = 'usage_usec 18446744073709551615\nuser_usec 1\nsystem_usec 2\ncore_sched.force_idle_usec 0\n';
    expect([...parseCgroupFlatKeyed('cpu.stat', text)]).toEqual([
      ['usage_usec', '18446744073709551615'],
      ['user_usec', '1'],
      ['system_usec', '2'],
      ['core_sched.force_idle_usec', '0'],
    ]);
  });

  it('nothing', () => {
    expect(parseCgroupFlatKeyed('cpu.stat', '').size).toBe(0);
  });

  it.each(['anon', 'anon x', 'N0=1', 'anon 1 2'])('not: %j', (text) => {
    expect(() => parseCgroupFlatKeyed('memory.stat', text)).toThrow(malformed('memory.stat'));
  });
});

describe('parseCgroupIoStat', () => {
  const fields = new Map([
    ['rbytes', '1459200'],
    ['wbytes', '0'],
  ]);

  it.each([
    ['one device', '8:0 rbytes=1459200 wbytes=0\n', [{ major: '8', minor: '0', fields }]],
    [
      'two',
      '8:0 rbytes=1459200 wbytes=0\n254:16 rios=1\n',
      [
        { major: '8', minor: '0', fields },
        { major: '254', minor: '16', fields: new Map([['rios', '1']]) },
      ],
    ],
    ['devices without figures in front', '7:7 7:6 8:0 rbytes=1459200 wbytes=0\n', [{ major: '8', minor: '0', fields }]],
    ['a device without figures', '8:0 \n', []],
    [
      'figures that are no counts',
      '8:0 rbytes=1459200 wbytes=0 cost.vrate=100.00 cost.usage=x\n',
      [{ major: '8', minor: '0', fields }],
    ],
    ['nothing', '', []],
  ])('%s', (_, text, expected) => {
    expect(parseCgroupIoStat(text)).toEqual(expected);
  });

  it.each(['rbytes=1', '8:0 rbytes', '8:0 rbytes=1 x', '8 rbytes=1', '8:0 x rbytes=1', '8:0 =1', '8:0 a=b=c'])(
    'not: %j',
    (text) => {
      expect(() => parseCgroupIoStat(text)).toThrow(malformed('io.stat'));
    },
  );
});

describe('parseCgroupBlkio', () => {
  it.each([
    [
      'operations of a device and the sum of all',
      '8:0 Read 4096\n8:0 Total 4096\nTotal 4096\n',
      [
        { major: '8', minor: '0', op: 'Read', value: '4096' },
        { major: '8', minor: '0', op: 'Total', value: '4096' },
      ],
    ],
    ['time, which has no operations', '8:16 77\n', [{ major: '8', minor: '16', op: '', value: '77' }]],
    ['nothing', 'Total 0\n', []],
  ])('%s', (_, text, expected) => {
    expect(parseCgroupBlkio('blkio.x', text)).toEqual(expected);
  });

  it.each(['8:0', '8:0 Read', '8:0 Read x', '8:0 Read 1 2', 'Read 1', 'Total x'])('not: %j', (text) => {
    expect(() => parseCgroupBlkio('blkio.x', text)).toThrow(malformed('blkio.x'));
  });
});

describe('parseCpuacctUsagePercpu', () => {
  it.each([
    ['31415 0 18446744073709551615 \n', ['31415', '0', '18446744073709551615']],
    ['\n', []],
  ])('%j', (text, expected) => {
    expect(parseCpuacctUsagePercpu(text)).toEqual(expected);
  });

  it('not: a name', () => {
    expect(() => parseCpuacctUsagePercpu('cpu0 1')).toThrow(malformed('cpuacct.usage_percpu'));
  });
});

describe('parseCgroupProcs', () => {
  it.each([
    ['', []],
    ['1\n0\n4194304\n', [1, 0, 4194304]],
  ])('%j', (text, expected) => {
    expect(parseCgroupProcs(text)).toEqual(expected);
  });

  it.each(['-1', '1 2', 'a', '99999999999'])('not: %j', (text) => {
    expect(() => parseCgroupProcs(text)).toThrow(malformed('cgroup.procs'));
  });
});

describe('findHugetlbSizes', () => {
  it('knows both versions by the files of use', () => {
    const names = ['hugetlb.2MB.current', 'hugetlb.2MB.max', 'hugetlb.1GB.usage_in_bytes', 'memory.current', 'hugetlb'];
    expect(findHugetlbSizes(names)).toEqual(['1GB', '2MB']);
  });
});

describe('parseProcessCgroups', () => {
  it('of a machine with both versions', () => {
    expect(parseProcessCgroups('4:memory:/a:b\n2:cpu,cpuacct:/\n1:name=systemd:/x\n0::/y (deleted)\n')).toEqual([
      { controllers: ['memory'], path: '/a:b' },
      { controllers: ['cpu', 'cpuacct'], path: '/' },
      { controllers: ['name=systemd'], path: '/x' },
      { controllers: [], path: '/y (deleted)' },
    ]);
  });

  it.each(['x::/', '0:/', '0::', '0::a'])('not: %j', (text) => {
    expect(() => parseProcessCgroups(text)).toThrow(malformed('process cgroup'));
  });
});

describe('any text', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 10 }),
    fc.constantFrom('\n', ' ', '8:0', '=', 'Total', 'max', '18446744073709551616', '-1', 'rbytes=1', '0::/'),
  );
  const parsers: readonly [string, (text: string) => unknown][] = [
    ['value', (text) => parseCgroupValue('x', text)],
    ['flat keyed', (text) => parseCgroupFlatKeyed('x', text)],
    ['io.stat', parseCgroupIoStat],
    ['blkio', (text) => parseCgroupBlkio('x', text)],
    ['usage_percpu', parseCpuacctUsagePercpu],
    ['procs', parseCgroupProcs],
    ['process cgroup', parseProcessCgroups],
  ];

  const codeOf = (parse: (text: string) => unknown, text: string): unknown => {
    try {
      parse(text);
      return 'parsed';
    } catch (error) {
      return error instanceof ProcfsError ? error.code : error;
    }
  };

  it.each(parsers)('as %s is parsed or malformed', (_, parse) => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        expect(['parsed', 'malformed']).toContain(codeOf(parse, pieces.join('')));
      }),
    );
  });
});
