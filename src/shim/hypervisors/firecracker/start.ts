/**
 * A sandbox that is a microVM of Firecracker: starts it, configures it by its API, reads its metrics, ends it. Like every
 * hypervisor of this project, it does not outlive its shim. Firecracker needs KVM, a kernel as an ELF file (`vmlinux`),
 * and an agent in the guest that listens on vsock.
 */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describeEnd, isFailedEnd } from '../../processes/child-group.ts';
import { type CleanUp, startOrCleanUp } from '../../processes/clean-up.ts';
import { type HostProgram, startHostProgram } from '../../processes/host-program.ts';
import { clearLeftovers, removeFiles } from '../../processes/leftover-process.ts';
import type { Hypervisor, HypervisorContext } from '../hypervisor.ts';
import { readKernelRelease } from '../kernel-release.ts';
import { FirecrackerApi, FirecrackerApiError } from './api.ts';
import { openFirecrackerMetrics } from './metrics.ts';
import { readVersion } from './version.ts';

export interface FirecrackerOptions {
  /** A path, or a name on the PATH. */
  readonly program: string;
  readonly kernelPath: string;
  readonly initrdPath: string;
  readonly memoryMib: number;
  readonly cpus: number;
  /** Words that the guest's kernel is given beside those that it needs here. */
  readonly kernelArguments: readonly string[];
}

/** The machine has no ACPI to turn it off and no keyboard to look for; a reboot ends Firecracker. */
const KERNEL_ARGUMENTS = ['console=ttyS0', 'reboot=k', 'panic=1', 'pci=off'];
/** 0, 1 and 2 are the kernel's, the guest's own loopback and the host; one machine for each Firecracker. */
const GUEST_CID = 3;
/** vsock port of the agent in the guest. */
export const AGENT_PORT = 1024;

/** Time until the API socket exists: Firecracker creates it within 10 ms on an idle host. */
const API_UP_TIMEOUT_MS = 5_000;
const API_RETRY_MS = 10;
/** InstanceStart loads the kernel before it responds. */
const API_TIMEOUT_MS = 5_000;
/** Time until a guest that was requested to shut down has ended. */
const CTRL_ALT_DEL_GRACE_MS = 3_000;
const TERM_GRACE_MS = 1_000;

interface SandboxFiles {
  readonly apiSocket: string;
  readonly metricsFifo: string;
  readonly vsockSocket: string;
  readonly pidFile: string;
}

/**
 * Resolves when the guest boots.
 * @throws {Error} with Firecracker's error output after everything is cleaned up.
 */
export function startFirecracker(options: FirecrackerOptions, context: HypervisorContext): Promise<Hypervisor> {
  return startOrCleanUp(context.log, (undo) => start(options, context, undo));
}

async function start(options: FirecrackerOptions, context: HypervisorContext, undo: CleanUp): Promise<Hypervisor> {
  const { directory, log, onProcess } = context;
  const files = nameFiles(directory.path);
  await clearLeftovers(files, directory.path, log);
  undo.add(() => removeFiles(files));
  await promisify(execFile)('mkfifo', ['-m', '600', files.metricsFifo]);
  const guard = context.startGuard(Object.values(files));
  const program = await startHostProgram({
    command: options.program,
    args: ['--api-sock', files.apiSocket],
    beforeItRuns: (pid) => {
      guard.watch(pid);
      onProcess(pid);
    },
  });
  const api = new FirecrackerApi({ socketPath: files.apiSocket, timeoutMs: API_TIMEOUT_MS });
  undo.add(() => stop(program, api));
  await writeFile(files.pidFile, `${program.pid}\n`, { mode: 0o600 });
  await waitForApi(program, api);
  const metrics = openFirecrackerMetrics({
    path: files.metricsFifo,
    api,
    now: () => performance.now(),
    wallClock: Date.now,
    onProblem: (message) => log.warn(message),
  });
  undo.add(() => metrics.close());
  const version = await readVersion(api, (message) => log.warn(message));
  await boot(api, options, files);
  log.info(`Firecracker ${version ?? '(unknown)'} runs the guest, ${options.cpus} CPUs, ${options.memoryMib} MiB`);
  return {
    identity: {
      hypervisor: 'firecracker',
      version,
      machine: undefined,
      accelerator: 'kvm',
      guestKernel: await readKernelRelease(options.kernelPath),
    },
    pid: program.pid,
    virtiofsdPid: undefined,
    // Without a request to its API, its process tells.
    isPaused: () => false,
    agentAddress: { kind: 'hvsock', path: files.vsockSocket, port: AGENT_PORT },
    collectors: [metrics.collector],
    guestUse: { kind: 'agent' },
    otherPids: () => (guard.pid === undefined ? [] : [guard.pid]),
    ended: program.ended.then((end) => ({ reason: `Firecracker ${describeEnd(end)}`, isFailure: isFailedEnd(end) })),
    stop: () => undo.run(),
  };
}

function nameFiles(directoryPath: string): SandboxFiles {
  return {
    apiSocket: join(directoryPath, 'fc-api.sock'),
    metricsFifo: join(directoryPath, 'fc-metrics.fifo'),
    vsockSocket: join(directoryPath, 'fc-vsock.sock'),
    pidFile: join(directoryPath, 'fc.pid'),
  };
}

/** @throws {Error} with Firecracker's error output when it exits, or with the last failure when the timeout expires. */
async function waitForApi(program: HostProgram, api: FirecrackerApi): Promise<void> {
  const deadlineMs = performance.now() + API_UP_TIMEOUT_MS;
  let isEnded = false;
  void program.ended.then(() => {
    isEnded = true;
  });
  for (;;) {
    try {
      await api.get('/');
      return;
    } catch (error) {
      if (isEnded) {
        const end = describeEnd(await program.ended);
        throw new Error(`Cannot start the guest: Firecracker ${end}: ${program.errorText()}`, { cause: error });
      }
      const isEarly = error instanceof FirecrackerApiError && error.code === 'unreachable';
      if (!isEarly || performance.now() > deadlineMs) {
        throw error;
      }
      await sleep(API_RETRY_MS);
    }
  }
}

/** @throws {FirecrackerApiError} that has Firecracker's own reason, such as a machine without KVM. */
async function boot(api: FirecrackerApi, options: FirecrackerOptions, files: SandboxFiles): Promise<void> {
  await api.put('/metrics', { metrics_path: files.metricsFifo });
  await api.put('/machine-config', { vcpu_count: options.cpus, mem_size_mib: options.memoryMib });
  await api.put('/boot-source', {
    kernel_image_path: options.kernelPath,
    initrd_path: options.initrdPath,
    boot_args: [...KERNEL_ARGUMENTS, ...options.kernelArguments].join(' '),
  });
  await api.put('/vsock', { guest_cid: GUEST_CID, uds_path: files.vsockSocket });
  await api.put('/actions', { action_type: 'InstanceStart' });
}

/** Ends Firecracker by Ctrl-Alt-Del in the guest, by SIGTERM, by SIGKILL: one after the other, as far as needed. */
async function stop(program: HostProgram, api: FirecrackerApi): Promise<void> {
  const isTold = await api.put('/actions', { action_type: 'SendCtrlAltDel' }).then(
    () => true,
    // It has exited, is unresponsive, or its guest has not booted (or is one for ARM, which has no such key): the next way is harder.
    () => false,
  );
  if (isTold && (await program.endsWithin(CTRL_ALT_DEL_GRACE_MS))) {
    return;
  }
  program.kill('SIGTERM');
  if (!(await program.endsWithin(TERM_GRACE_MS))) {
    program.kill('SIGKILL');
  }
  await program.ended;
}
