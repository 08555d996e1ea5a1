/**
 * What is promised and what is there: the response of a whole node, all of it real, held to the contract and to what this
 * machine's kernel offers. The kernel's files are read here by its own code.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LiveNode, startLiveNode } from '../support/live-node.ts';
import { parseAnswer, type ReferenceAnswer } from '../support/reference-exposition.ts';

interface ContractFamily {
  readonly name: string;
  readonly component: string;
  readonly type: string;
  readonly help: string;
  readonly labels: Readonly<Record<string, readonly string[]>>;
}

const contractPath = join(import.meta.dirname, '../fixtures/contract/metrics.json');
const contract: { families: ContractFamily[] } = JSON.parse(readFileSync(contractPath, 'utf8'));
const families = contract.families.filter(({ component }) => component !== 'firecracker');

const ids = ['a'.repeat(64), 'b'.repeat(64)];
let node: LiveNode;
let response: ReferenceAnswer;

beforeAll(async () => {
  node = await startLiveNode({ ids });
  let text = '';
  while (countUp(text) < ids.length) {
    text = await (await fetch(`${node.url}/metrics`)).text();
  }
  response = parseAnswer(text);
});

afterAll(() => node?.stop());

function countUp(text: string): number {
  return [...text.matchAll(/^kata_shim_agent_up\{.*\} 1$/gm)].length;
}

function samplesOf(name: string, id: string): Map<string, string>[] {
  return response.series
    .filter((each) => each.name === name)
    .map(({ labels }) => new Map(labels))
    .filter((labels) => labels.get('sandbox_id') === id);
}

function itemsOf(name: string, id: string): Set<string> {
  return new Set(samplesOf(name, id).map((labels) => labels.get('item')!));
}

const read = (path: string): string => readFileSync(path, 'utf8');
const firstWords = (text: string): string[] =>
  text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/[\s:]+/, 1)[0]!);

/** What this kernel offers of the contract's items, family by family: the names of its own files, read anew. */
const offered: Readonly<Record<string, () => Iterable<string>>> = {
  kata_guest_load: () => ['load1', 'load5', 'load15'],
  kata_guest_tasks: () => ['cur', 'max'],
  kata_guest_cpu_time: () =>
    columns('user nice system idle iowait irq softirq steal guest guest_nice', read('/proc/stat').split('\n')[0]!, 1),
  kata_guest_vm_stat: () => firstWords(read('/proc/vmstat')),
  kata_guest_diskstat: () =>
    columns(
      'reads merged sectors_read time_reading writes writes_merged sectors_written time_writing in_progress time_in_progress weighted_time_in_progress discards discards_merged sectors_discarded time_discarding flushes time_flushing',
      read('/proc/diskstats').split('\n')[0]!,
      3,
    ),
  kata_agent_io_stat: () => firstWords(read('/proc/self/io')),
  kata_hypervisor_io_stat: () => firstWords(read('/proc/self/io')).map((name) => name.replaceAll('_', '')),
  kata_shim_io_stat: () => firstWords(read('/proc/self/io')).map((name) => name.replaceAll('_', '')),
  ...Object.fromEntries(
    ['agent', 'hypervisor', 'shim'].flatMap((owner) => [
      [`kata_${owner}_proc_stat`, () => ['utime', 'stime', 'cutime', 'cstime']],
      [`kata_${owner}_proc_status`, () => firstWords(read('/proc/self/status')).map((name) => name.toLowerCase())],
    ]),
  ),
};

function columns(names: string, line: string, skipped: number): string[] {
  return names.split(' ').slice(0, line.trim().split(/\s+/).length - skipped);
}

/** `Active(anon)` is `active_anon`: compared without what is between the words. */
const bare = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');

describe('the response of a real node', () => {
  it.each(families.map((family) => [family.name, family] as const))(
    'has %s with its type and help',
    (name, { type, help }) => {
      expect(response.types.get(name)).toBe(type);
      // Families named for Go say behind the known text what is really counted.
      expect(response.helps.get(name)).toContain(help.replace(/\.$/, ''));
    },
  );

  it.each(
    families
      // No container manager calls the shim here; the CPU overhead is known after a minute.
      .filter(({ name }) => !/^kata_shim_(?:rpc_durations|pod_overhead_cpu)/.test(name))
      .map((family) => [family.name, family] as const),
  )('has samples of %s, of every sandbox, with its labels', (name, { component, type, labels }) => {
    const sampleName = type === 'histogram' || type === 'summary' ? `${name}_count` : name;
    const isOwn = component === 'monitor';
    const samples = response.series.filter((each) => each.name === sampleName);
    expect(new Set(samples.map((each) => Object.fromEntries(each.labels)['sandbox_id']))).toEqual(
      new Set(isOwn ? [undefined] : ids),
    );
    const added = isOwn ? [] : ['cri_name', 'cri_namespace', 'cri_uid', 'sandbox_id'];
    const expected = [...new Set([...Object.keys(labels), ...added])].sort();
    expect(new Set(samples.map((each) => each.labels.map(([label]) => label).join()))).toEqual(
      new Set([expected.join()]),
    );
  });

  it.each(families.filter(({ name }) => name in offered).map((family) => [family.name, family] as const))(
    'has every item of %s that this kernel offers',
    (name, { labels }) => {
      const here = new Set(offered[name]!());
      const promised = labels['item']!.filter((item) => here.has(item));
      expect(promised.length).toBeGreaterThan(1);
      for (const id of ids) {
        expect(promised.filter((item) => !itemsOf(name, id).has(item))).toEqual([]);
      }
    },
  );

  it('has every item of kata_guest_meminfo that this kernel offers, spelled as promised', () => {
    const here = new Set(firstWords(read('/proc/meminfo')).map(bare));
    const promised = families
      .find(({ name }) => name === 'kata_guest_meminfo')!
      .labels['item']!.filter((item) => here.has(bare(item)));
    expect(promised.length).toBeGreaterThan(30);
    expect(promised.filter((item) => !itemsOf('kata_guest_meminfo', ids[0]!).has(item))).toEqual([]);
  });

  const interfaces = readdirSync('/sys/class/net');
  const isPhysical = (name: string): boolean => existsSync(join('/sys/class/net', name, 'device'));
  it.each([
    ['kata_guest_netdev_stat', interfaces],
    // These sandboxes are in the network namespace of the host.
    ['kata_hypervisor_netdev', interfaces.filter((name) => name === 'lo' || isPhysical(name))],
    ['kata_shim_netdev', interfaces.filter((name) => name === 'lo' || isPhysical(name))],
  ])('has the interfaces in %s', (name, expected) => {
    const found = new Set(samplesOf(name, ids[0]!).map((labels) => labels.get('interface')));
    expect(found).toEqual(new Set(expected));
    expect(itemsOf(name, ids[0]!)).toEqual(new Set(families.find((family) => family.name === name)!.labels['item']));
  });

  it('has every CPU and their sum', () => {
    const cpus = read('/proc/stat')
      .split('\n')
      .map((line) => /^cpu(\d*) /.exec(line))
      .filter((match) => match !== null);
    const numbers = cpus.map(([, number]) => (number === '' ? 'total' : number));
    expect(new Set(samplesOf('kata_guest_cpu_time', ids[1]!).map((labels) => labels.get('cpu')))).toEqual(
      new Set(numbers),
    );
  });

  it('has no family that the catalog does not know', async () => {
    const { catalog } = await import('../../src/catalog/index.ts');
    expect([...response.types.keys()].filter((name) => !(name in catalog))).toEqual([]);
  });
});
