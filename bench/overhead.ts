/**
 * Prints what a virtual machine costs beyond the use in its guest, idle and under load: `node bench/overhead.ts [--seconds=15]`.
 * Needs QEMU and a guest (npm run guest). The values are from the responses of kata-shim; docs/overhead.md explains them.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GuestImage } from '../src/shim/index.ts';
import { makeGuestContainer, readContainers, startInGuestContainer } from '../test/support/guest-container.ts';
import { provideGuest } from '../test/support/provide-guest.ts';
import type { ReferenceSeries } from '../test/support/reference-exposition.ts';
import { findValue, startVirtualSandbox, type VirtualSandbox } from '../test/support/virtual-sandbox.ts';
import { readOptions } from './read-options.ts';

const values = readOptions({ seconds: { type: 'string', default: '75' } });
// The shim measures its CPU overhead over at least a minute.
const intervalMs = Number(values.seconds) * 1000;

const MIB = 1024 * 1024;
const NS_PER_MS = 1e6;
const CONTAINER = 'load';
/** The guest writes back and the agent's code is compiled after the boot; each load gets going. */
const SETTLE_MS = 10_000;

/** What is started in the container, one after the other; each load stays. */
const loads: readonly (readonly [name: string, command: string | undefined])[] = [
  ['idle', undefined],
  ['busy loop', 'while :; do :; done'],
  ['busy loop, 100 MiB', 'busybox dd if=/dev/zero of=/dev/shm/load bs=1M count=100'],
];

/** What the guest says that it uses: all of it, or its container. */
interface GuestUse {
  readonly memoryBytes: number;
  readonly cpuMs: number;
}

const BUSY_ITEMS = ['user', 'nice', 'system', 'irq', 'softirq'];

function readGuest(series: readonly ReferenceSeries[]): GuestUse {
  const memory = (item: string): number => findValue(series, 'kata_guest_meminfo', { item }) ?? Number.NaN;
  const cpu = (item: string): number => findValue(series, 'kata_guest_cpu_time', { cpu: 'total', item }) ?? Number.NaN;
  return {
    memoryBytes: memory('mem_total') - memory('mem_available'),
    cpuMs: BUSY_ITEMS.reduce((sum, item) => sum + cpu(item), 0),
  };
}

async function readContainer(sandbox: VirtualSandbox): Promise<GuestUse> {
  const response = (await readContainers(sandbox)).get(CONTAINER)!;
  const stats = 'cgroupStats' in response ? response.cgroupStats : undefined;
  return {
    memoryBytes: Number(stats?.memoryStats?.usage?.usage),
    cpuMs: Number(stats?.cpuStats?.cpuUsage?.totalUsage) / NS_PER_MS,
  };
}

/**
 * Time that threads of a process could have run and the host ran others, of /proc/<pid>/task/<tid>/schedstat: a guest whose
 * CPU is emulated takes it for its own.
 */
function readWaitedMs(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks)
    .map((tid) => Number(readFileSync(`${tasks}/${tid}/schedstat`, 'utf8').split(' ')[1]) / NS_PER_MS)
    .reduce((sum, ms) => sum + ms, 0);
}

async function measure(image: GuestImage, { hasContainer }: { readonly hasContainer: boolean }): Promise<void> {
  const sandbox = await startVirtualSandbox(image, ...(hasContainer ? [`--container=${CONTAINER}`] : []));
  const read = async () => {
    const series = await sandbox.readSeries();
    const atMs = performance.now();
    const waitedMs = readWaitedMs(sandbox.findPid('qemu-system-x86_64'));
    return { series, atMs, waitedMs, guest: hasContainer ? await readContainer(sandbox) : readGuest(series) };
  };
  try {
    await sandbox.waitForAgent();
    await makeGuestContainer(sandbox, CONTAINER);
    for (const [name, command] of loads) {
      if (command !== undefined) {
        await startInGuestContainer(sandbox, CONTAINER, command);
      }
      await sleep(SETTLE_MS);
      const before = await read();
      await sleep(intervalMs);
      const after = await read();
      const percentOf = (ms: number): number => (ms / (after.atMs - before.atMs)) * 100;
      const guestCpu = percentOf(after.guest.cpuMs - before.guest.cpuMs);
      const overheadCpu = findValue(after.series, 'kata_shim_pod_overhead_cpu') ?? Number.NaN;
      const overheadMemory = findValue(after.series, 'kata_shim_pod_overhead_memory_in_bytes') ?? Number.NaN;
      const memory = [overheadMemory + after.guest.memoryBytes, after.guest.memoryBytes, overheadMemory];
      const cpu = [overheadCpu + guestCpu, guestCpu, overheadCpu, percentOf(after.waitedMs - before.waitedMs)];
      const cells = [
        hasContainer ? 'its container' : 'all that it uses',
        name,
        ...memory.map((bytes) => (bytes / MIB).toFixed(0)),
        ...cpu.map((percent) => percent.toFixed(1)),
      ];
      process.stdout.write(`| ${cells.join(' | ')} |\n`);
    }
  } finally {
    await sandbox.dispose();
  }
}

const image = await provideGuest();
process.stdout.write(`| the guest's share | load | host MiB | guest MiB | overhead MiB | host CPU % | guest CPU % | overhead CPU % | waited for a CPU % |
|---|---|---|---|---|---|---|---|---|
`);
await measure(image, { hasContainer: false });
await measure(image, { hasContainer: true });
