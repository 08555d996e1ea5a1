/**
 * The pod overhead of a real virtual machine whose containers are known: what a container takes is its own and no
 * overhead, and what it gives back is none either.
 */
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StatsContainerResponse } from '../../src/proto/index.ts';
import { makeGuestContainer, readContainers, startInGuestContainer } from '../support/guest-container.ts';
import { waitUntil } from '../support/processes.ts';
import { provideGuest } from '../support/provide-guest.ts';
import { missingPackages } from '../support/requirements.ts';
import { findValue, startVirtualSandbox, type VirtualSandbox } from '../support/virtual-sandbox.ts';

const PACKAGES = ['qemu-system-x86', 'busybox-static', 'erofs-utils'];
const MIB = 1024 * 1024;
const WEB = 'web';
/** Of a boot, or of a case, on a machine with other work. */
const TIMEOUT_MS = 300_000;

describe.skipIf(missingPackages(PACKAGES).length > 0)(
  'the overhead of a virtual machine',
  { timeout: TIMEOUT_MS },
  () => {
    let sandbox: VirtualSandbox;

    beforeAll(async () => {
      // Time enough for a guest whose CPU is emulated on a busy machine.
      sandbox = await startVirtualSandbox(await provideGuest(), `--container=${WEB}`, '--agent-timeout=8s');
      await sandbox.waitForAgent();
      await makeGuestContainer(sandbox, WEB);
    }, TIMEOUT_MS);

    afterAll(() => sandbox?.dispose());

    /** Reads again where an emulated agent on a busy machine has missed a call. */
    const readWeb = async (): Promise<StatsContainerResponse> => {
      let web: StatsContainerResponse | { readonly reason: string } | undefined;
      await waitUntil(async () => {
        web = (await readContainers(sandbox)).get(WEB);
        return web !== undefined && !('reason' in web);
      });
      return web as StatsContainerResponse;
    };
    const usageOf = ({ cgroupStats }: StatsContainerResponse) => ({
      cpuNs: cgroupStats!.cpuStats!.cpuUsage!.totalUsage,
      memoryBytes: Number(cgroupStats!.memoryStats!.usage!.usage),
      pids: Number(cgroupStats!.pidsStats!.current),
    });
    const readFigure = async (name: string): Promise<number> => {
      let value: number | undefined;
      await waitUntil(async () => {
        value = findValue(await sandbox.readSeries(), name);
        return value !== undefined;
      });
      return value!;
    };
    const readOverhead = (): Promise<number> => readFigure('kata_shim_pod_overhead_memory_in_bytes');

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

    it('has no share of CPU that the container is in', async () => {
      const before = usageOf(await readWeb()).cpuNs;
      await startInGuestContainer(sandbox, WEB, 'while :; do :; done');
      await waitUntil(async () => usageOf(await readWeb()).cpuNs - before > 2_000_000_000n);
      // Absent during the first minute, and where an emulated guest counts time in which the host ran something else.
      const percent = findValue(await sandbox.readSeries(), 'kata_shim_pod_overhead_cpu') ?? 0;
      expect(percent).toBeLessThan(100);
      expect(percent).toBeGreaterThanOrEqual(0);
    });

    it('is measured by a cgroup that is gone when the shim is killed', async () => {
      const cgroups = findCgroups(sandbox);
      const made = cgroups.filter((path) => existsSync(path));
      // All of them, or none where this user may make none.
      expect([0, cgroups.length]).toContain(made.length);
      sandbox.shim.child.kill('SIGKILL');
      await sandbox.findLeftovers();
      await waitUntil(() => made.every((path) => !existsSync(path)));
    });
  },
);

/** Where the cgroup of the sandbox is in each hierarchy, by what the kernel says of QEMU. */
function findCgroups(sandbox: VirtualSandbox): string[] {
  const lines = readFileSync(`/proc/${sandbox.findPid('qemu-system-x86_64')}/cgroup`, 'utf8').split('\n');
  const paths = lines.flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(.*\/kata-[^/]+)$/.exec(line) ?? [];
    return path === undefined ? [] : [{ isV2: controllers === '', controllers, path }];
  });
  return paths.map(({ isV2, controllers, path }) => `/sys/fs/cgroup${isV2 ? '' : `/${controllers}`}${path}`);
}
