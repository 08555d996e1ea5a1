/**
 * The collectors over /proc of several kernels: trees that were captured, and the machine that runs the test. What they
 * give is held against the files, read here in a plainer way, and against the catalog.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { guestTreeCollectors, hostTreeCollectors } from '../../test/support/tree-collectors.ts';
import { catalog, type FamilyName, findFamily } from '../catalog/index.ts';
import type { Sample } from '../exposition/index.ts';
import { collectFamilies } from './collect.ts';
import type { CatalogFamily } from './family.ts';

const fixtures = join(import.meta.dirname, '../../test/fixtures/procfs');
const captured = readdirSync(fixtures)
  .map((name) => join(fixtures, name))
  .filter((tree) => existsSync(join(tree, 'loadavg')));

/** Sets of items that are as large as the kernel makes them. */
const OPEN_ITEMS: ReadonlySet<string> = new Set(['kata_guest_meminfo', 'kata_guest_vm_stat']);

const collectors = [...guestTreeCollectors, ...hostTreeCollectors('kata_hypervisor_')];

/** Below zero, as the kernel prints it with or without a sign. */
function isWrapped(value: string | undefined): boolean {
  return BigInt(value ?? 0) < 0n || BigInt(value ?? 0) >= 2n ** 63n;
}

describe.each(['/proc', ...captured])('over %s', (root) => {
  let families: readonly CatalogFamily[];
  beforeAll(async () => {
    const { families: collected, problems } = await collectFamilies(collectors, {
      procfs: { root },
      pageSizeBytes: 4096,
    });
    expect(problems).toEqual([]);
    families = collected;
  });

  const text = (path: string): string => readFileSync(join(root, path), 'utf8');
  const samplesOf = (name: FamilyName): readonly Sample[] =>
    families.find((family) => family.name === name)?.samples ?? [];
  const itemsOf = (name: FamilyName): Record<string, string> =>
    Object.fromEntries(samplesOf(name).map(({ labels, value }) => [labels['item'], String(value)]));
  /** Columns of the lines of a file that begin with a word and digits. */
  const columnsOf = (path: string): string[][] =>
    text(path)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.trim().split(/[\s:]+/));

  it('every label and every item of a closed set is in the catalog', () => {
    for (const { name, samples } of families) {
      const row = findFamily(name);
      const known = row?.labels['item'] ?? [];
      for (const { labels } of samples) {
        expect(Object.keys(labels)).toEqual(Object.keys(row?.labels ?? {}));
        expect(OPEN_ITEMS.has(name) || labels['item'] === undefined || known.includes(labels['item'])).toBe(true);
      }
      const series = samples.map(({ suffix, labels }) => JSON.stringify([suffix, labels]));
      expect(new Set(series).size).toBe(series.length);
    }
  });

  it('each CPU has every column of its line, in milliseconds', () => {
    const lines = columnsOf('stat').filter(([name]) => name?.startsWith('cpu'));
    const expected = lines.map(([name, ...ticks]) => [
      name === 'cpu' ? 'total' : name?.slice(3),
      Math.min(10, ticks.length),
    ]);
    const counted = new Map<string | undefined, number>();
    for (const { labels } of samplesOf('kata_guest_cpu_time')) {
      counted.set(labels['cpu'], (counted.get(labels['cpu']) ?? 0) + 1);
    }
    expect([...counted]).toEqual(expected);
    const idleTicks = Number(lines[1]?.[4]);
    const idle = samplesOf('kata_guest_cpu_time').find(
      ({ labels }) => labels['cpu'] === '0' && labels['item'] === 'idle',
    );
    // The machine that runs the test goes on ticking.
    expect(Math.abs(Number(idle?.value) - idleTicks * 10)).toBeLessThan(10_000);
  });

  it('every line of meminfo is there, in bytes', () => {
    const lines = columnsOf('meminfo');
    const items = itemsOf('kata_guest_meminfo');
    expect(Object.keys(items)).toHaveLength(lines.length);
    const total = lines.find(([name]) => name === 'MemTotal');
    expect(items['mem_total']).toBe(String(Number(total?.[1]) * 1024));
    expect(items['hugepages_total']).toBe(lines.find(([name]) => name === 'HugePages_Total')?.[1]);
    expect(Object.keys(items).filter((item) => !/^[a-z][a-z0-9_]*(_\d+[kMG])?$/.test(item))).toEqual([]);
  });

  it('every line of vmstat is there under its own name', () => {
    expect(Object.keys(itemsOf('kata_guest_vm_stat'))).toEqual(
      columnsOf('vmstat').flatMap(([name, value]) => (isWrapped(value) ? [] : [name])),
    );
  });

  it('each disk has every column of its line that the catalog has', () => {
    const samples = samplesOf('kata_guest_diskstat');
    const lines = columnsOf('diskstats');
    const expected = lines.map(
      (columns) =>
        columns.slice(3, 3 + catalog.kata_guest_diskstat.labels.item.length).filter((value) => !isWrapped(value))
          .length,
    );
    expect(lines.map(([, , disk]) => samples.filter(({ labels }) => labels['disk'] === disk).length)).toEqual(expected);
  });

  it.each([
    ['kata_guest_netdev_stat', 'net/dev'],
    ['kata_hypervisor_netdev', 'self/net/dev'],
  ] as const)('%s has every interface with 16 items', (name, path) => {
    const interfaces = columnsOf(path).slice(2);
    const samples = samplesOf(name);
    expect(interfaces.length).toBeGreaterThan(0);
    for (const [device] of interfaces) {
      const own = samples.filter(({ labels }) => labels['interface'] === device);
      expect(own.map(({ labels }) => labels['item']).toSorted()).toEqual(catalog[name].labels.item.toSorted());
    }
  });

  it('load and tasks are the words of loadavg', () => {
    expect(Object.keys(itemsOf('kata_guest_load')).toSorted()).toEqual(['load1', 'load15', 'load5']);
    const [, , , tasks] = text('loadavg').split(' ');
    expect(Math.abs(Number(itemsOf('kata_guest_tasks')['max']) - Number(tasks?.split('/')[1]))).toBeLessThan(100);
  });

  it.each(['kata_agent_proc_status', 'kata_hypervisor_proc_status'] as const)(
    '%s has every line that the kernel offers',
    (name) => {
      const offered = columnsOf('self/status').map(([line]) => line?.toLowerCase() ?? '');
      const known: readonly string[] = catalog[name].labels.item;
      expect(Object.keys(itemsOf(name))).toEqual(offered.filter((line) => known.includes(line)));
      expect(offered).toContain('vmrss');
    },
  );

  it('io items are spelled as each side spells them', () => {
    const offered = columnsOf('self/io').map(([line]) => line ?? '');
    expect(offered).toHaveLength(7);
    expect(Object.keys(itemsOf('kata_agent_io_stat'))).toEqual(offered);
    expect(Object.keys(itemsOf('kata_hypervisor_io_stat'))).toEqual(offered.map((line) => line.replaceAll('_', '')));
  });

  it('totals of the agent are in bytes and seconds', () => {
    const fields = text('self/stat')
      .replace(/^.*\) /s, '')
      .split(' ');
    const value = (name: FamilyName): number => Number(samplesOf(name)[0]?.value);
    // The process that runs the test goes on living; a wrong unit would be wrong by more than that.
    const ratio = (name: FamilyName, expected: number): number => value(name) / expected;
    expect(ratio('kata_agent_total_vm', Number(fields[20]))).toBeCloseTo(1, 0);
    expect(ratio('kata_agent_total_rss', Number(fields[21]) * 4096)).toBeCloseTo(1, 0);
    expect(Math.abs(value('kata_agent_total_time') - (Number(fields[11]) + Number(fields[12])) / 100)).toBeLessThan(5);
    expect(ratio('kata_agent_threads', Number(fields[17]))).toBeCloseTo(1, 0);
  });
});
