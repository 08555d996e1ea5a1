/**
 * Creates a container in the guest from its bundle and its shared files, and removes it with them.
 */
import type { Log } from '../program/index.ts';
import type { CreateTaskRequest } from '../runtime-proto/index.ts';
import { type parseSpec, prepareForGuest } from './oci-for-guest.ts';
import type { Sandbox } from './sandbox.ts';
import type { TaskProcess } from './task-process.ts';

const REMOVE_TIMEOUT_MS = 10_000;

/**
 * Opens the outputs of `init` too.
 * @throws the first failure, and then nothing of the container is shared.
 */
export async function createContainer(
  sandbox: Sandbox,
  init: TaskProcess,
  spec: ReturnType<typeof parseSpec>,
  rootfs: CreateTaskRequest['rootfs'],
): Promise<void> {
  const { containerId, hasTerminal, log } = init.options;
  init.openOutputs();
  try {
    const { spec: oci, hasSharedPids } = await prepareForGuest(spec, {
      containerId,
      hasTerminal,
      rootPath: await sandbox.files.addRoot(containerId, rootfs),
      guestCpus: sandbox.cpus,
      onOmitted: (message) => log.info(`Container "${containerId}": ${message}`),
      sysctls: sandbox.sysctls,
      share: (mount) => sandbox.files.addMount(containerId, mount),
    });
    await sandbox.agent.call('createContainer', { containerId, execId: containerId, oci, sandboxPidns: hasSharedPids });
    sandbox.addContainer(containerId);
  } catch (error) {
    try {
      sandbox.files.remove(containerId);
    } catch (later) {
      log.error(`Cannot clean up: ${String(later)}`);
    }
    throw error;
  }
}

/** @throws Error that says what of its files is left. */
export async function removeContainer(sandbox: Sandbox, id: string, log: Log): Promise<void> {
  if (sandbox.endReason === undefined) {
    await sandbox.agent
      .call('removeContainer', { containerId: id }, REMOVE_TIMEOUT_MS)
      .catch((error: unknown) => log.warn(`Cannot remove "${id}" in the guest: ${String(error)}`));
  }
  sandbox.removeContainer(id);
}
