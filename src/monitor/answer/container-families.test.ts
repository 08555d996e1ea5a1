import { describe, expect, it } from 'vitest';
import { cadvisorFamilies } from '../../catalog/index.ts';
import type { ContainerUsage } from '../../cri/index.ts';
import { encodeText } from '../../exposition/index.ts';
import { toContainerFamilies } from './container-families.ts';

const pod = { id: 'p1', uid: 'u', name: 'web-0', namespace: 'shop', createdNs: undefined, labels: {} };
const container = {
  id: 'c1',
  podId: 'p1',
  name: 'nginx',
  image: 'nginx:1',
  isRunning: true,
  createdNs: 1_500_000_000n,
};
const stats: ContainerUsage['stats'] = {
  containerId: 'c1',
  readNs: 10_250_000_000n,
  cpuUsageNs: 1_022_051_060n,
  workingSetBytes: 1024n,
  memoryUsageBytes: 9_007_199_254_740_993n,
  rssBytes: 512n,
  pageFaults: 7n,
  majorPageFaults: 0n,
  filesystemUsedBytes: 4096n,
  filesystemInodesUsed: 3n,
  filesystemMountpoint: '/layers',
};
const countInodes = (mountpoint: string): bigint | undefined => (mountpoint === '/layers' ? 99n : undefined);

function print(input: Partial<Parameters<typeof toContainerFamilies>[0]>): string[] {
  const families = toContainerFamilies({ containers: [], network: [], ofGuests: [], countInodes, ...input });
  return encodeText(families)
    .toString()
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
}

const labels = 'namespace="shop",pod="web-0",container="nginx",image="nginx:1",id="c1",name="c1"';

describe('a container', () => {
  it('has the exact values of its statistics', () => {
    expect(print({ containers: [{ pod, container, stats }] })).toEqual([
      `container_cpu_usage_seconds_total{${labels}} 1.02205106`,
      `container_fs_inodes_total{${labels}} 99`,
      `container_fs_usage_bytes{${labels}} 4096`,
      `container_last_seen{${labels}} 10.25`,
      `container_memory_failures_total{${labels},failure_type="pgfault",scope="container"} 7`,
      `container_memory_failures_total{${labels},failure_type="pgmajfault",scope="container"} 0`,
      `container_memory_rss{${labels}} 512`,
      `container_memory_usage_bytes{${labels}} 9007199254740993`,
      `container_memory_working_set_bytes{${labels}} 1024`,
      `container_start_time_seconds{${labels}} 1.5`,
    ]);
  });

  it('omits unknown values', () => {
    const unknown = Object.fromEntries(Object.keys(stats).map((key) => [key, undefined]));
    const none = { ...unknown, containerId: 'c1', filesystemMountpoint: '' } as unknown as ContainerUsage['stats'];
    const containers = [{ pod, container: { ...container, createdNs: undefined }, stats: none }];
    expect(print({ containers })).toEqual([]);
  });
});

describe('what a guest sends about containers', () => {
  const name = 'container_pressure_cpu_waiting_seconds_total';
  const containers = [{ pod, container, stats }];
  const of = (podId: string, containerId: string, value: string) => ({ podId, containerId, name, value }) as const;
  const printPressure = (ofGuests: Parameters<typeof toContainerFamilies>[0]['ofGuests']): string[] =>
    print({ containers, ofGuests }).filter((line) => line.startsWith('container_pressure_'));

  it('has the labels of the container', () => {
    expect(printPressure([of('p1', 'c1', '12.345678')])).toEqual([`${name}{${labels}} 12.345678`]);
  });

  it.each([
    ['a container that the pod does not have', [of('p1', 'c2', '1')]],
    ['a container of another pod', [of('p2', 'c1', '1')]],
    ['no container', [of('p1', '', '1')]],
  ])('is dropped: %s', (_, ofGuests) => {
    expect(printPressure(ofGuests)).toEqual([]);
  });

  it('counts once for each container', () => {
    expect(printPressure([of('p1', 'c1', '1'), of('p1', 'c1', '2')])).toEqual([`${name}{${labels}} 1`]);
  });
});

describe('a pod', () => {
  it('has the network of its guest', () => {
    const network = [
      { pod, name: 'container_network_receive_bytes_total', interface: 'eth0', value: '18446744073709551615' },
      { pod, name: 'container_network_receive_bytes_total', interface: 'eth1', value: '5' },
    ] as const;
    const ofPod = 'namespace="shop",pod="web-0",container="POD",image="",id="p1",name="p1"';
    expect(print({ network })).toEqual([
      `container_network_receive_bytes_total{${ofPod},interface="eth0"} 18446744073709551615`,
      `container_network_receive_bytes_total{${ofPod},interface="eth1"} 5`,
    ]);
  });
});

describe('the families', () => {
  it('are those of the catalog, in its types', () => {
    const names = Object.keys(cadvisorFamilies) as (keyof typeof cadvisorFamilies)[];
    const network = names
      .filter((name) => name.startsWith('container_network_'))
      .map((name) => ({ pod, name, interface: 'eth0', value: '1' }));
    const ofGuests = names
      .filter((name) => cadvisorFamilies[name].source.startsWith('kata_guest_container_'))
      .map((name) => ({ podId: pod.id, containerId: container.id, name, value: '1' }));
    const families = toContainerFamilies({ containers: [{ pod, container, stats }], network, ofGuests, countInodes });
    expect(families.map(({ name }) => name)).toEqual([...names].sort());
    const counters = families.filter(({ type }) => type === 'counter').map(({ name }) => name);
    expect(counters).toEqual(
      names.filter((name) => name.endsWith('_total') && name !== 'container_fs_inodes_total').sort(),
    );
  });
});
