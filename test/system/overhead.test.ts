/**
 * The pod overhead of a real virtual machine whose containers are known: what a container takes is its own and no
 * overhead, and what it gives back is none either.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StatsContainerResponse } from '../../src/proto/index.ts';
import { makeGuestContainer, readContainers, startInGuestContainer } from '../support/guest-container.ts';
import { waitUntil } from '../support/processes.ts';
import { provideGuest } from '../support/provide-guest.ts';
import { missingPackages } from '../support/requirements.ts';
import { findValue, startVirtualSandbox, type VirtualSandbox } from '../support/virtual-sandbox.ts';

const PACKAGES = ['qemu-system-x86', 'busybox-static'];
const MIB = 1024 * 1024;
const WEB = 'web';

describe.skipIf(missingPackages(PACKAGES).length > 0)('the overhead of a virtual machine', () => {
  let sandbox: VirtualSandbox;

  beforeAll(async () => {
    sandbox = await startVirtualSandbox(await provideGuest(), `--container=${WEB}`);
    await sandbox.waitForAgent();
    await makeGuestContainer(sandbox, WEB);
  });

  afterAll(() => sandbox?.dispose());

  const readWeb = async () => (await readContainers(sandbox)).get(WEB) as StatsContainerResponse;
  const usageOf = ({ cgroupStats }: StatsContainerResponse) => ({
    cpuNs: cgroupStats!.cpuStats!.cpuUsage!.totalUsage,
    memoryBytes: Number(cgroupStats!.memoryStats!.usage!.usage),
    pids: Number(cgroupStats!.pidsStats!.current),
  });
  const readOverhead = async (): Promise<number> =>
    findValue(await sandbox.readSeries(), 'kata_shim_pod_overhead_memory_in_bytes')!;

  it("is all of the machine's while nothing runs in its container", async () => {
    expect(usageOf(await readWeb())).toMatchObject({ memoryBytes: 0, pids: 0 });
    const overhead = await readOverhead();
    // The guest with its agent, QEMU, and the shim.
    expect(overhead).toBeGreaterThan(100 * MIB);
    expect(overhead).toBeLessThan(1536 * MIB);
  });

  it('does not grow with the memory of the container', async () => {
    const before = await readOverhead();
    await startInGuestContainer(
      sandbox,
      WEB,
      'busybox dd if=/dev/zero of=/dev/shm/web bs=1M count=64; exec busybox sleep 1000',
    );
    await waitUntil(async () => usageOf(await readWeb()).memoryBytes >= 64 * MIB);
    // Memory that the guest had touched before and given back is host memory already: then the overhead shrinks.
    expect((await readOverhead()) - before).toBeLessThan(32 * MIB);
    expect(usageOf(await readWeb()).pids).toBeGreaterThan(0);
  });

  it('has a share of CPU, which the container is not in', async () => {
    const before = usageOf(await readWeb()).cpuNs;
    await startInGuestContainer(sandbox, WEB, 'while :; do :; done');
    await waitUntil(async () => usageOf(await readWeb()).cpuNs - before > 2_000_000_000n);
    const percent = findValue(await sandbox.readSeries(), 'kata_shim_pod_overhead_cpu')!;
    // A guest whose CPU is emulated counts time in which the host ran something else: below zero is right, see docs.
    expect(percent).toBeLessThan(100);
    expect(percent).toBeGreaterThan(-100);
  });
});
