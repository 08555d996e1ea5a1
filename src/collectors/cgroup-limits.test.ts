import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createProcfs } from '../procfs/index.ts';
import { CgroupLimitsReader, createContainerCollector } from './cgroup-limits.ts';
import { createPressureCollector } from './pressure.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cg-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
}

const pressure = (some: number, full: number): string =>
  `some avg10=0.00 avg60=0.00 avg300=0.00 total=${some}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=${full}\n`;

const v2 = {
  'cpu.stat': 'usage_usec 9\nuser_usec 8\nsystem_usec 1\nnr_periods 70\nnr_throttled 7\nthrottled_usec 1500000\n',
  'memory.events': 'low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n',
  'cpu.pressure': pressure(1_234_567, 0),
  'memory.pressure': pressure(89, 8),
  'io.pressure': pressure(5_000_000, 4_000_000),
};

describe('CgroupLimitsReader', () => {
  const reader = (kind: 'v1' | 'v2'): CgroupLimitsReader =>
    new CgroupLimitsReader({ kind, cpu: createProcfs(root), memory: createProcfs(root) });

  it('reads everything of v2', () => {
    write(v2);
    expect(reader('v2').read()).toEqual({
      oom_kills_total: '2',
      cpu_cfs_periods_total: '70',
      cpu_cfs_throttled_periods_total: '7',
      cpu_cfs_throttled_seconds_total: '1.500000',
      pressure_cpu_waiting_seconds_total: '1.234567',
      pressure_cpu_stalled_seconds_total: '0.000000',
      pressure_memory_waiting_seconds_total: '0.000089',
      pressure_memory_stalled_seconds_total: '0.000008',
      pressure_io_waiting_seconds_total: '5.000000',
      pressure_io_stalled_seconds_total: '4.000000',
    });
  });

  it('reads what v1 has, which is no pressure', () => {
    write({
      ...v2,
      'memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 5\n',
      'cpu.stat': 'nr_periods 10\nnr_throttled 1\nthrottled_time 2500000000\n',
    });
    expect(reader('v1').read()).toEqual({
      oom_kills_total: '5',
      cpu_cfs_periods_total: '10',
      cpu_cfs_throttled_periods_total: '1',
      cpu_cfs_throttled_seconds_total: '2.500000000',
    });
  });

  it.each([
    ['no kills before Linux 4.13', 'v1', { 'memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\n' }, {}],
    ['no limit of the CPU', 'v2', { 'cpu.stat': 'usage_usec 9\nuser_usec 8\nsystem_usec 1\n' }, {}],
    [
      'no pressure of the CPU as a whole before Linux 5.13',
      'v2',
      { 'cpu.pressure': 'some avg10=0.00 avg60=0.00 avg300=0.00 total=1\n' },
      { pressure_cpu_waiting_seconds_total: '0.000001' },
    ],
    ['nothing', 'v2', {}, {}],
    ['odd files', 'v2', { 'cpu.stat': 'nr_periods -1\n', 'memory.events': 'oom_kill x\n', 'io.pressure': '?\n' }, {}],
  ] as const)('leaves out what is not there: %s', (_, kind, files, values) => {
    write(files);
    expect(reader(kind).read()).toEqual(values);
  });

  it('finds a file that comes later, but does not open it at each scrape until then', () => {
    const cgroup = reader('v2');
    expect(cgroup.read()).toEqual({});
    write(v2);
    expect(cgroup.read()).toEqual({});
    for (let scrape = 0; scrape < 64; scrape++) {
      cgroup.read();
    }
    expect(cgroup.read()).toMatchObject({ oom_kills_total: '2' });
  });

  it('reads a file again that was away for one scrape', () => {
    write(v2);
    const cgroup = reader('v2');
    cgroup.read();
    rmSync(join(root, 'memory.events'));
    expect(cgroup.read().oom_kills_total).toBeUndefined();
    write({ 'memory.events': 'oom_kill 3\n' });
    expect(cgroup.read().oom_kills_total).toBe('3');
  });
});

describe('the containers of a guest', () => {
  it('have samples while they are known, each under its id', () => {
    write({ 'a/memory.events': 'oom_kill 1\n', 'b/memory.events': 'oom_kill 0\n' });
    const containers = new Map([
      ['one', '/a'],
      ['two', '/b'],
    ]);
    const collect = createContainerCollector({ kind: 'v2', root }, () => containers);
    const read = (): unknown => collect().map(({ name, samples }) => [name, samples]);
    const sample = (id: string, value: string) => ({ labels: { container_id: id }, value });
    expect(read()).toEqual([['kata_guest_container_oom_kills_total', [sample('one', '1'), sample('two', '0')]]]);
    containers.delete('two');
    expect(read()).toEqual([['kata_guest_container_oom_kills_total', [sample('one', '1')]]]);
    // An id that is used again for another cgroup.
    containers.set('one', '/b');
    expect(read()).toEqual([['kata_guest_container_oom_kills_total', [sample('one', '0')]]]);
    containers.clear();
    expect(read()).toEqual([]);
  });

  it('are at most 128', () => {
    write({ 'a/memory.events': 'oom_kill 1\n' });
    const containers = new Map(Array.from({ length: 200 }, (_, i) => [`c${i}`, '/a']));
    const [family] = createContainerCollector({ kind: 'v2', root }, () => containers)();
    expect(family?.samples).toHaveLength(128);
  });
});

describe('the pressure of a guest', () => {
  it('is read where the kernel has it', () => {
    write({ 'pressure/cpu': pressure(1, 0), 'pressure/memory': pressure(2, 1), 'pressure/io': pressure(3, 2) });
    const collect = createPressureCollector();
    const families = collect({ procfs: createProcfs(root), pageSizeBytes: undefined });
    expect(families.map(({ name, type, samples }) => [name, type, samples[0]?.value])).toEqual([
      ['kata_guest_pressure_cpu_waiting_seconds_total', 'counter', '0.000001'],
      ['kata_guest_pressure_cpu_stalled_seconds_total', 'counter', '0.000000'],
      ['kata_guest_pressure_memory_waiting_seconds_total', 'counter', '0.000002'],
      ['kata_guest_pressure_memory_stalled_seconds_total', 'counter', '0.000001'],
      ['kata_guest_pressure_io_waiting_seconds_total', 'counter', '0.000003'],
      ['kata_guest_pressure_io_stalled_seconds_total', 'counter', '0.000002'],
    ]);
  });

  it('is absent without PSI, which is looked for once', () => {
    const collect = createPressureCollector();
    const context = { procfs: createProcfs(root), pageSizeBytes: undefined };
    expect(collect(context)).toEqual([]);
    write({ 'pressure/cpu': pressure(1, 0) });
    expect(collect(context)).toEqual([]);
  });
});
