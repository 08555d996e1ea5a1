import { describe, expect, it } from 'vitest';
import type { ContainerUsage } from '../cri/index.ts';
import { csvHeader, formatContainerTable, formatCsv, toContainerRow, toJson } from './container-table.ts';

const pod = { id: 'p', uid: 'u', name: 'web-0', namespace: 'shop', createdNs: undefined, labels: {} };
const container = { id: 'c1', podId: 'p', name: 'nginx', image: 'i', isRunning: true, createdNs: 1_000_000_000n };
const known: ContainerUsage['stats'] = {
  containerId: 'c1',
  readNs: 10_000_000_000n,
  cpuUsageNs: 1_500_000_000n,
  workingSetBytes: 1024n,
  memoryUsageBytes: 2048n,
  rssBytes: 512n,
  pageFaults: 7n,
  majorPageFaults: 1n,
  filesystemUsedBytes: 4096n,
  filesystemInodesUsed: 3n,
  filesystemMountpoint: '/',
};
const unknown: ContainerUsage['stats'] = {
  containerId: 'c1',
  readNs: undefined,
  cpuUsageNs: undefined,
  workingSetBytes: undefined,
  memoryUsageBytes: undefined,
  rssBytes: undefined,
  pageFaults: undefined,
  majorPageFaults: undefined,
  filesystemUsedBytes: undefined,
  filesystemInodesUsed: undefined,
  filesystemMountpoint: '',
};
const row = toContainerRow({ pod, container, stats: known }, undefined, 31_000);

describe('a container', () => {
  it('is a line for people', () => {
    expect(formatContainerTable([row])).toBe(
      'NAMESPACE  POD    CONTAINER  CPU TIME  WORKING SET    USAGE    RSS     DISK  AGE\n' +
        'shop       web-0  nginx         1.50s      1.0 KiB  2.0 KiB  512 B  4.0 KiB  30s\n',
    );
  });

  it('is a line of CSV, with quotes where they have to be', () => {
    expect(csvHeader).toMatch(/^namespace,pod,container,id,cpuSeconds,.*,ageSeconds\n$/);
    expect(formatCsv([{ ...row, container: 'a,"b"' }])).toBe(
      'shop,web-0,"a,""b""",c1,1.5,,1024,2048,512,7,1,4096,3,30\n',
    );
  });

  it('of which nothing is known has dashes, nulls and empty cells', () => {
    const empty = toContainerRow({ pod, container: { ...container, createdNs: undefined }, stats: unknown }, known, 0);
    expect(formatContainerTable([empty]).split('\n')[1]).toMatch(/^shop +web-0 +nginx( +-){6}$/);
    expect(formatCsv([empty])).toBe('shop,web-0,nginx,c1,,,,,,,,,,\n');
    expect(toJson([empty])).toEqual([
      expect.objectContaining({ container: 'nginx', cpuSeconds: null, ageSeconds: null }),
    ]);
  });

  it.each<[string, Partial<ContainerUsage['stats']>, number | undefined]>([
    ['half a CPU', { readNs: 12_000_000_000n, cpuUsageNs: 2_500_000_000n }, 50],
    ['nothing', { readNs: 12_000_000_000n }, 0],
    ['a read that is the same', { cpuUsageNs: 2_500_000_000n }, undefined],
    ['a counter that went back', { readNs: 12_000_000_000n, cpuUsageNs: 1n }, undefined],
    ['a counter that is gone', { readNs: 12_000_000_000n, cpuUsageNs: undefined }, undefined],
  ])('between two reads has used %s', (_what, now, percent) => {
    const usage = { pod, container, stats: { ...known, ...now } };
    expect(toContainerRow(usage, known, 0).cpuPercent).toBe(percent);
  });
});
