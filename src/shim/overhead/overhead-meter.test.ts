import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeFileTree } from '../../../test/support/file-tree.ts';
import { createProcfs } from '../../procfs/index.ts';
import { StatsContainerResponseSchema } from '../../proto/index.ts';
import type { StatsResult } from '../agent/agent-result.ts';
import { OverheadMeter, type OverheadMeterOptions } from './overhead-meter.ts';

let folder: string;
let nowMs: number;
let problems: string[];
let losses: (string | undefined)[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'km-'));
  nowMs = 0;
  problems = [];
  losses = [];
});

afterEach(() => rm(folder, { recursive: true }));

/** The hypervisor's process: ticks of CPU, KiB of memory. */
function setHost(ticks: number, memoryKib: number): void {
  writeFileTree(folder, {
    '10/stat': `10 (qemu) S 1 1 1 0 -1 0 0 0 0 0 ${ticks} 0 0 0 20 0 1 0 77 0 0 0\n`,
    '10/status': `VmRSS:\t 99999 kB\nRssAnon:\t ${memoryKib} kB\nRssFile:\t 99 kB\nRssShmem:\t 0 kB\n`,
  });
}

const MIB = 1024 * 1024;

/** The agent's text: a guest of 512 MiB. */
const guestText = (cpuMs: number, availableMib: number) => async (): Promise<Buffer> =>
  Buffer.from(`kata_guest_cpu_time{cpu="total",item="user"} ${cpuMs}
kata_guest_meminfo{item="mem_total"} ${512 * MIB}
kata_guest_meminfo{item="mem_available"} ${availableMib * MIB}
`);

const stats = (totalUsage: bigint, usage: bigint): StatsResult => ({
  kind: 'ok',
  stats: create(StatsContainerResponseSchema, {
    cgroupStats: { cpuStats: { cpuUsage: { totalUsage } }, memoryStats: { usage: { usage } } },
  }),
});

type Containers = Readonly<Record<string, () => StatsResult | Promise<StatsResult>>>;

function createMeter(containers: Containers = {}, more: Partial<OverheadMeterOptions> = {}): OverheadMeter {
  return new OverheadMeter({
    procfs: createProcfs(folder),
    hostProcesses: () => [{ pid: 10 }],
    cgroup: undefined,
    guestUse: { kind: 'agent' },
    containers: {
      agent: { statsContainer: async (id) => containers[id]!() },
      ids: Object.keys(containers),
      timeoutMs: 1_000,
    },
    now: () => nowMs,
    onProblem: ({ message }) => problems.push(message),
    onLoss: (reason) => losses.push(reason),
    ...more,
  });
}

/** CPU percent and memory bytes of one response. */
async function measure(meter: OverheadMeter, readText: () => Promise<Buffer> = guestText(0, 512)) {
  const families = await meter.measure(readText);
  const find = (name: string) => families.find((family) => family.name === name)?.samples[0]?.value;
  return [find('kata_shim_pod_overhead_cpu'), find('kata_shim_pod_overhead_memory_in_bytes')];
}

describe('OverheadMeter', () => {
  it('takes the whole guest where no containers are known', async () => {
    const meter = createMeter();
    setHost(1_000, 600 * 1024);
    expect(await measure(meter, guestText(5_000, 412))).toEqual([undefined, 500 * MIB]);
    nowMs = 60_000;
    setHost(1_300, 600 * 1024);
    // 3 s on the host, 2 s in the guest, in 60 s.
    expect(await measure(meter, guestText(7_000, 412))).toEqual([expect.closeTo(10 / 6, 10), 500 * MIB]);
  });

  it('takes the containers where they are known', async () => {
    let webNs = 1_000_000_000n;
    const meter = createMeter({ web: () => stats(webNs, 50n * BigInt(MIB)), db: () => stats(5n, 30n * BigInt(MIB)) });
    setHost(1_000, 600 * 1024);
    expect(await measure(meter)).toEqual([undefined, 520 * MIB]);
    nowMs = 60_000;
    webNs += 500_000_000n;
    setHost(1_300, 600 * 1024);
    expect(await measure(meter)).toEqual([expect.closeTo(25 / 6, 10), 520 * MIB]);
  });

  it('has no value while a container does not respond, and continues afterwards', async () => {
    const failed: StatsResult = { kind: 'failed', reason: 'deadline', message: 'No response' };
    let response: StatsResult = stats(0n, 0n);
    const meter = createMeter({ web: () => response, db: () => stats(0n, 0n) });
    setHost(0, 1);
    await measure(meter);
    response = failed;
    nowMs = 60_000;
    expect(await measure(meter)).toEqual([undefined, undefined]);
    expect(losses).toEqual(['container "web": deadline: No response']);
    response = stats(0n, 0n);
    nowMs = 120_000;
    expect(await measure(meter)).toEqual([undefined, 1024]);
    nowMs = 180_000;
    expect(await measure(meter)).toEqual([0, 1024]);
    expect(losses).toEqual(['container "web": deadline: No response', undefined]);
  });

  it('takes a container that is not there for one that uses nothing', async () => {
    let response: StatsResult = stats(7n, BigInt(MIB));
    const meter = createMeter({ web: () => response });
    setHost(0, 2 * 1024);
    expect(await measure(meter)).toEqual([undefined, MIB]);
    response = { kind: 'failed', reason: 'not_found', message: 'No such container' };
    nowMs = 60_000;
    expect(await measure(meter)).toEqual([undefined, 2 * MIB]);
    nowMs = 120_000;
    setHost(300, 2 * 1024);
    expect(await measure(meter)).toEqual([5, 2 * MIB]);
    expect(losses).toEqual([]);
  });

  it('has no value for a guest that lies', async () => {
    const meter = createMeter({ web: () => stats(2n ** 64n - 1n, 2n ** 64n - 1n) });
    setHost(0, 1);
    expect(await measure(meter)).toEqual([undefined, undefined]);
  });

  it('has no value where the host has less than the guest', async () => {
    setHost(0, 1024);
    expect(await measure(createMeter(), guestText(0, 0))).toEqual([undefined, undefined]);
  });

  it('takes processes for the guest where there is no virtual machine', async () => {
    writeFileTree(folder, {
      '11/stat': '11 (x) S 1 1 1 0 -1 0 0 0 0 0 9 0 0 0 20 0 1 0 1 0 0 0\n',
      '11/status': 'VmRSS: 9 kB\nRssAnon: 1 kB\nRssShmem: 0 kB\n',
    });
    const meter = createMeter({}, { guestUse: { kind: 'processes', processes: [{ pid: 11 }] } });
    setHost(0, 3);
    expect(await measure(meter)).toEqual([undefined, 2048]);
  });

  it('counts page tables, memory that processes share once, and no programs mapped from files', async () => {
    setHost(0, 100);
    const status = (anonymous: number, shared: number, tables: number): string =>
      `VmPTE: ${tables} kB\nRssAnon: ${anonymous} kB\nRssFile: 5000 kB\nRssShmem: ${shared} kB\n`;
    writeFileTree(folder, {
      '10/status': status(100, 4096, 8),
      '12/stat': '12 (virtiofsd) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 1 0 0 0\n',
      '12/status': status(20, 4000, 2),
    });
    const meter = createMeter({ none: () => stats(0n, 0n) }, { hostProcesses: () => [{ pid: 10 }, { pid: 12 }] });
    expect(await measure(meter)).toEqual([undefined, (100 + 8 + 20 + 2 + 4096) * 1024]);
  });

  it('measures once for requests at the same time', async () => {
    let calls = 0;
    const waiting = Promise.withResolvers<StatsResult>();
    const meter = createMeter({
      web: () => {
        calls += 1;
        return waiting.promise;
      },
    });
    setHost(0, 1);
    const both = Promise.all([measure(meter), measure(meter)]);
    waiting.resolve(stats(0n, 0n));
    expect(await both).toEqual([
      [undefined, 1024],
      [undefined, 1024],
    ]);
    expect(calls).toBe(1);
  });

  it('has no value for a process that has ended, or cannot be read', async () => {
    expect(await measure(createMeter())).toEqual([undefined, undefined]);
    writeFileTree(folder, { '10/stat': 'what is this', '10/status': '' });
    expect(await measure(createMeter())).toEqual([undefined, undefined]);
    expect(problems).toEqual([]);
  });
});
