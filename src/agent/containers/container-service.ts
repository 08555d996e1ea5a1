/**
 * The methods of the agent's service that create sandboxes and containers. Loaded only in a guest that is configured for
 * it, because it doubles what the agent loads.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { ContainerService } from '../../runtime-proto/index.ts';
import { loadLibc } from '../../transport/index.ts';
import { addDescribedService } from '../../ttrpc/add-described-service.ts';
import { Code, type CoreServer, TtrpcError } from '../../ttrpc/core.ts';
import { copyFile } from './copy-file.ts';
import { GuestContainers, type GuestContainersOptions } from './guest-containers.ts';
import { toGuestLimits } from './guest-limits.ts';
import { addNeighbors, updateInterface, updateRoutes } from './guest-network.ts';
import { prepareSandbox } from './guest-sandbox.ts';
import { listInterfaces, listRoutes } from './network-lists.ts';
import { runBusybox } from './run-busybox.ts';

const CRUN_PATH = '/bin/crun';
const STATE_PATH = '/run/kata-agent';
const MEMINFO_PATH = '/proc/meminfo';
const CPUS_PATH = '/sys/devices/system/cpu';

/** Limit of the output in one response, whatever the host requests. */
const MAX_READ_BYTES = 1024 * 1024;

/** Adds its methods to the server. Rejects where koffi is missing. */
export async function addContainerService(
  server: CoreServer,
  options: Pick<GuestContainersOptions, 'cgroups' | 'reportOom'>,
): Promise<void> {
  const libc = await loadLibc();
  const containers = new GuestContainers({ libc, crunProgram: CRUN_PATH, statePath: STATE_PATH, ...options });
  const read = async (
    stream: 'stdout' | 'stderr',
    { containerId, execId, len }: { readonly containerId: string; readonly execId: string; readonly len: number },
    signal: AbortSignal,
  ) => {
    if (len === 0) {
      throw new TtrpcError(Code.invalidArgument, 'Length of a read must be at least 1, got 0');
    }
    const process = containers.findProcess(containerId, execId);
    const data = await process.read(stream, Math.min(len, MAX_READ_BYTES), signal);
    containers.forgetFinished(containerId, execId);
    return { data };
  };
  addDescribedService(server, ContainerService, {
    createSandbox: async (request) => {
      const limits = toGuestLimits(readFileSync(MEMINFO_PATH, 'utf8'));
      await prepareSandbox(request, limits);
      containers.maxProcesses = limits?.processes;
      return {};
    },
    destroySandbox: () => containers.removeAll().then(toNothing),
    updateInterface: async ({ interface: wanted }) => {
      if (wanted === undefined) {
        throw new TtrpcError(Code.invalidArgument, 'Request has no interface');
      }
      await updateInterface(wanted);
      return wanted;
    },
    updateRoutes: async ({ routes }) => {
      await updateRoutes(routes?.routes ?? []);
      return routes ?? {};
    },
    listInterfaces: async () => ({ interfaces: await listInterfaces() }),
    listRoutes: async () => ({ routes: await listRoutes() }),
    addARPNeighbors: ({ neighbors }) => addNeighbors(neighbors?.neighbors ?? []).then(toNothing),
    copyFile: (request) => copyFile(request).then(toNothing),
    setGuestDateTime: async ({ sec }) => {
      await runBusybox('date', '-s', `@${sec}`);
      return {};
    },
    reseedRandomDev: ({ data }) => {
      writeFileSync('/dev/urandom', data);
      return {};
    },
    onlineCPUMem: () => {
      onlineCpus();
      return {};
    },

    createContainer: async ({ containerId, oci, storages, sandboxPidns }) => {
      if (oci === undefined) {
        throw new TtrpcError(Code.invalidArgument, `Container "${containerId}" has no OCI specification`);
      }
      await containers.create(containerId, oci, { storages, hasSharedPids: sandboxPidns });
      return {};
    },
    startContainer: ({ containerId }) => containers.start(containerId).then(toNothing),
    removeContainer: ({ containerId }) => containers.remove(containerId).then(toNothing),
    execProcess: async ({ containerId, execId, process }) => {
      if (process === undefined) {
        throw new TtrpcError(Code.invalidArgument, `Process "${execId}" has no specification`);
      }
      await containers.exec(containerId, execId, process);
      return {};
    },
    signalProcess: ({ containerId, execId, signal }) => {
      containers.signal(containerId, execId, signal);
      return {};
    },
    waitProcess: async ({ containerId, execId }) => {
      const status = await containers.wait(containerId, execId);
      containers.forgetFinished(containerId, execId);
      return { status };
    },
    updateContainer: async ({ containerId, resources }) => {
      if (resources !== undefined) {
        await containers.update(containerId, resources);
      }
      return {};
    },
    pauseContainer: ({ containerId }) => containers.pause(containerId).then(toNothing),
    resumeContainer: ({ containerId }) => containers.resume(containerId).then(toNothing),

    readStdout: (request, { signal }) => read('stdout', request, signal),
    readStderr: (request, { signal }) => read('stderr', request, signal),
    writeStdin: async ({ containerId, execId, data }) => {
      await containers.findProcess(containerId, execId).write(data);
      return { len: data.length };
    },
    closeStdin: ({ containerId, execId }) => {
      containers.findProcess(containerId, execId).closeInput();
      return {};
    },
    ttyWinResize: ({ containerId, execId, row, column }) => {
      containers.findProcess(containerId, execId).resize({ rows: row, columns: column });
      return {};
    },
  });
}

function toNothing(): Record<string, never> {
  return {};
}

/** CPUs that the host has added; the first cannot be turned off and has no such file. */
function onlineCpus(): void {
  for (const name of readdirSync(CPUS_PATH).filter((each) => /^cpu\d+$/.test(each))) {
    try {
      writeFileSync(`${CPUS_PATH}/${name}/online`, '1');
    } catch {
      // It cannot be turned off, so it is on.
    }
  }
}
