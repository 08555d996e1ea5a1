/**
 * Prepares the guest before its first container: the shared directory, the parent cgroup of the containers, the host
 * name. Called for CreateSandbox.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CreateSandboxRequest, Storage } from '../../runtime-proto/index.ts';
import { Code, TtrpcError } from '../../ttrpc/core.ts';
import type { GuestLimits } from './guest-limits.ts';
import { runBusybox } from './run-busybox.ts';

export const CGROUP_ROOT = '/sys/fs/cgroup';
/** cgroups of containers are below it. */
const CONTAINERS_CGROUP = 'kata';
const CONTROLLERS = ['cpu', 'io', 'memory', 'pids', 'cpuset', 'hugetlb'] as const;

/** @throws {TtrpcError} that says what could not be done. */
export async function prepareSandbox(
  { hostname, dns, storages }: CreateSandboxRequest,
  limits: GuestLimits | undefined,
): Promise<void> {
  prepareCgroups(limits);
  if (hostname !== '') {
    await runBusybox('hostname', hostname);
  }
  if (dns.length > 0) {
    mkdirSync('/etc', { recursive: true });
    writeFileSync('/etc/resolv.conf', dns.map((line) => `${line}\n`).join(''));
  }
  await runBusybox('ip', 'link', 'set', 'lo', 'up');
  for (const storage of storages) {
    await mountStorage(storage);
  }
}

/** @throws {TtrpcError} UNIMPLEMENTED for a kind of storage that this guest does not have. */
export async function mountStorage({ driver, source, fstype, options, mountPoint }: Storage): Promise<void> {
  const type = driver === 'virtio-fs' ? 'virtiofs' : driver === 'ephemeral' || driver === 'local' ? 'tmpfs' : undefined;
  if (type === undefined) {
    throw new TtrpcError(
      Code.unimplemented,
      `Storage driver "${driver}" is not supported (virtio-fs, ephemeral and local are)`,
    );
  }
  mkdirSync(mountPoint, { recursive: true });
  const flags = options.length === 0 ? [] : ['-o', options.join(',')];
  await runBusybox('mount', '-t', fstype || type, ...flags, source || type, mountPoint);
}

/** Unmounts storages. One that is in use is detached when its last user ends; one that is not mounted is ignored. */
export async function unmountStorages(storages: readonly Storage[]): Promise<void> {
  for (const { mountPoint } of storages.toReversed()) {
    await runBusybox('umount', '-l', mountPoint).catch(() => undefined);
  }
}

/** A controller that the kernel does not have costs only its own limits and statistics. */
function prepareCgroups(limits: GuestLimits | undefined): void {
  const parent = join(CGROUP_ROOT, CONTAINERS_CGROUP);
  mkdirSync(parent, { recursive: true });
  for (const path of [CGROUP_ROOT, parent]) {
    for (const controller of CONTROLLERS) {
      try {
        writeFileSync(join(path, 'cgroup.subtree_control'), `+${controller}`);
      } catch {
        // Not in this kernel.
      }
    }
  }
  if (limits !== undefined) {
    try {
      writeFileSync(join(parent, 'memory.max'), String(limits.memoryBytes));
    } catch {
      // Without the controller.
    }
  }
}
