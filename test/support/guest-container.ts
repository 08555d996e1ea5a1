/**
 * A container in a guest as far as metrics go: a cgroup with an id for its name, and processes in it. The guest's shell
 * makes it.
 */
import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { type StatsContainerResponse, StatsContainerResponseSchema } from '../../src/proto/index.ts';
import { getOverUnix } from './get-over-unix.ts';
import type { VirtualSandbox } from './virtual-sandbox.ts';

const CGROUPS = '/sys/fs/cgroup';

/** Makes the container without processes. */
export async function makeGuestContainer(sandbox: VirtualSandbox, id: string): Promise<void> {
  await sandbox.runInGuest(
    `busybox sh -c "echo '+cpu +memory +pids +io' >${CGROUPS}/cgroup.subtree_control; busybox mkdir ${CGROUPS}/${id}"`,
  );
}

/** Starts a command in the container, one as busybox' shell reads it, and does not wait for its end. */
export async function startInGuestContainer(sandbox: VirtualSandbox, id: string, command: string): Promise<void> {
  const quoted = `echo 0 >${CGROUPS}/${id}/cgroup.procs; ${command}`.replaceAll("'", "'\\''");
  await sandbox.runInGuest(`busybox sh -c '${quoted}' >/dev/null 2>&1 </dev/null &`);
}

/** What GET /containers of the sandbox's shim has of each container; an error of one that has no values. */
export async function readContainers(
  sandbox: VirtualSandbox,
): Promise<ReadonlyMap<string, StatsContainerResponse | { readonly reason: string }>> {
  const { containers } = JSON.parse(await getOverUnix(`${sandbox.path}/shim-monitor.sock`, '/containers')) as {
    containers: { id: string; stats?: JsonValue; error?: { reason: string } }[];
  };
  return new Map(
    containers.map(({ id, stats, error }) => [
      id,
      stats === undefined ? { reason: error!.reason } : fromJson(StatsContainerResponseSchema, stats),
    ]),
  );
}
