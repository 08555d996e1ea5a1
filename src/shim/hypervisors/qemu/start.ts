/**
 * A sandbox that is a virtual machine of QEMU: starts QEMU and virtiofsd, observes QEMU by its monitor (QMP), and ends it. The
 * machine never outlives its shim: a guard ends it when the shim is killed, and the next shim of the same sandbox ends what a
 * guard could not end.
 */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { Log } from '../../../program/index.ts';
import { parseAddress } from '../../../transport/index.ts';
import { findDiskImage } from '../../guest-image.ts';
import { describeEnd, isFailedEnd } from '../../processes/child-group.ts';
import { type CleanUp, startOrCleanUp } from '../../processes/clean-up.ts';
import type { Guard } from '../../processes/guard.ts';
import { type HostProgram, startHostProgram } from '../../processes/host-program.ts';
import { clearLeftovers, removeFiles } from '../../processes/leftover-process.ts';
import type { Hypervisor, HypervisorContext, SandboxEnd } from '../hypervisor.ts';
import { readKernelRelease } from '../kernel-release.ts';
import { proveAccelerator } from './accelerator.ts';
import { type ConsoleTail, readConsole } from './console-tail.ts';
import { GuestEvents, isGuestPanic } from './guest-events.ts';
import {
  type Accelerator,
  AGENT_PORT,
  buildQemuArguments,
  MACHINE,
  type QemuMachine,
  RUNTIME_PORT,
  type TapInterface,
} from './qemu-command-line.ts';
import { QmpClient } from './qmp/qmp-client.ts';
import { findVirtiofsd, startVirtiofsd } from './virtiofsd.ts';

export interface QemuOptions {
  /** A path, or a name on the PATH. */
  readonly program: string;
  readonly kernelPath: string;
  readonly initrdPath: string;
  readonly memoryMib: number;
  readonly cpus: number;
  /** `auto`: KVM where it is proven to work. */
  readonly accelerator: Accelerator | 'auto';
  /** Directory of the host to share with the guest; undefined: none. */
  readonly sharedPath: string | undefined;
  /** Opens a root shell of the guest on `console.sock` in the sandbox's directory. */
  readonly hasDebugConsole: boolean;
  /** Size of an empty disk for the guest; undefined: no disk. */
  readonly diskMib: number | undefined;
  /** For a sandbox whose containers a runtime creates. Default: no runtime. */
  readonly runtime?: RuntimeOptions;
}

export interface RuntimeOptions {
  /** Network namespace of QEMU and its tap devices; undefined: that of the shim. */
  readonly networkNamespacePath: string | undefined;
  readonly interfaces: readonly TapInterface[];
  /** Words to append to the kernel command line of the guest. */
  readonly kernelArguments: readonly string[];
}

/** Until the greeting of QMP: QEMU sends it when it has set up the machine, which takes long on a busy host. */
const MONITOR_TIMEOUT_MS = 15_000;
/** Until the response to a command: QEMU responds at once or is unresponsive. */
const COMMAND_TIMEOUT_MS = 1_000;
/** Until a guest that was requested to shut down has stopped its processes and powered off. */
const POWERDOWN_GRACE_MS = 3_000;
/** Until QEMU has exited after `quit`, or together with a process that it needs. */
const QUIT_GRACE_MS = 1_000;
const BYTES_PER_MIB = 1024 * 1024;
/** Lines kept of the serial console: a kernel prints its registers and call trace after its last message. */
const KEPT_LINES = 60;
/** See panic() in kernel/panic.c of Linux. */
const LAST_WORDS = 'Kernel panic';
/** Reason that QEMU reports when the guest has powered itself off; see ShutdownCause in qapi/run-state.json. */
const GUEST_SHUTDOWN = 'guest-shutdown';

interface SandboxFiles {
  readonly agentSocket: string;
  readonly runtimeSocket: string;
  readonly consoleSocket: string;
  readonly virtiofsdSocket: string;
  readonly disk: string;
  readonly pidFile: string;
}

/**
 * Resolves when QEMU runs; the guest may still boot.
 * @throws {Error} with the error output of QEMU, after all processes and files are removed.
 */
export function startQemu(options: QemuOptions, context: HypervisorContext): Promise<Hypervisor> {
  return startOrCleanUp(context.log, (undo) => start(options, context, undo));
}

async function start(options: QemuOptions, context: HypervisorContext, undo: CleanUp): Promise<Hypervisor> {
  const { directory, log } = context;
  const files = nameFiles(directory.path, directory.agentSocket);
  await clearLeftovers(files, directory.path, log);
  undo.add(() => removeFiles(files));
  const accelerator =
    options.accelerator === 'auto' ? await proveAccelerator(options.program, options.kernelPath) : options.accelerator;
  const guestKernel = await readKernelRelease(options.kernelPath);
  const guard = context.startGuard(Object.values(files));
  const virtiofsd = await startShare(options, files, context, guard, undo);
  const diskPath = await makeDisk(options.diskMib, files.disk);

  const { runtime } = options;
  const qemu = await startHostProgram({
    ...enterNamespace(runtime?.networkNamespacePath, options.program, {
      ...options,
      accelerator,
      diskPath,
      imagePath: findDiskImage(options.initrdPath),
      agentSocketPath: files.agentSocket,
      runtimeSocketPath: runtime && files.runtimeSocket,
      interfaces: runtime?.interfaces ?? [],
      kernelArguments: runtime?.kernelArguments ?? [],
      pidFilePath: files.pidFile,
      debugConsolePath: options.hasDebugConsole ? files.consoleSocket : undefined,
      virtiofsdSocketPath: virtiofsd === undefined ? undefined : files.virtiofsdSocket,
    }),
    socketCount: 2,
    beforeItRuns: (pid) => watchProcess(pid, context, guard),
  });
  const machine = new QemuProcess(qemu, log);
  undo.add(() => machine.stop());
  void virtiofsd?.ended.then((end) => machine.endWithout(`virtiofsd ${describeEnd(end)}`));
  const version = await machine.connect();
  log.info(`QEMU ${version} runs the guest, ${accelerator}, ${options.cpus} CPUs, ${options.memoryMib} MiB`);
  return {
    identity: { hypervisor: 'qemu', version, machine: MACHINE, accelerator, guestKernel },
    pid: qemu.pid,
    virtiofsdPid: virtiofsd?.pid,
    agentAddress: parseAddress(`serial+unix://${files.agentSocket}`),
    isAgentThere: () => machine.isGuestUp,
    agentOpened: machine.agentOpened,
    isPaused: () => machine.events.isPaused,
    ...(runtime && {
      runtime: {
        address: parseAddress(`serial+unix://${files.runtimeSocket}`),
        opened: machine.runtimeOpened,
      },
    }),
    collectors: [{ name: 'qemu-monitor', collect: machine.events.collect }],
    guestUse: { kind: 'agent' },
    otherPids: () => (guard.pid === undefined ? [] : [guard.pid]),
    ended: machine.ended,
    stop: () => undo.run(),
  };
}

function nameFiles(directoryPath: string, agentSocket: string): SandboxFiles {
  return {
    agentSocket,
    runtimeSocket: join(directoryPath, 'runtime.sock'),
    consoleSocket: join(directoryPath, 'console.sock'),
    virtiofsdSocket: join(directoryPath, 'virtiofsd.sock'),
    disk: join(directoryPath, 'disk.img'),
    pidFile: join(directoryPath, 'qemu.pid'),
  };
}

function watchProcess(pid: number, { onProcess }: HypervisorContext, guard: Guard): void {
  guard.watch(pid);
  onProcess(pid);
}

async function startShare(
  { sharedPath }: QemuOptions,
  { virtiofsdSocket }: SandboxFiles,
  context: HypervisorContext,
  guard: Guard,
  undo: CleanUp,
): Promise<HostProgram | undefined> {
  if (sharedPath === undefined) {
    return undefined;
  }
  const virtiofsd = await startVirtiofsd({
    program: findVirtiofsd(),
    sharedPath,
    socketPath: virtiofsdSocket,
    beforeItRuns: (pid) => watchProcess(pid, context, guard),
  });
  undo.add(async () => {
    // virtiofsd exits when QEMU disconnects; if QEMU has never connected, it waits for ever.
    virtiofsd.kill('SIGKILL');
    await virtiofsd.ended;
  });
  return virtiofsd;
}

/** Creates a sparse file: it takes space only where the guest has written. */
async function makeDisk(diskMib: number | undefined, path: string): Promise<string | undefined> {
  if (diskMib === undefined) {
    return undefined;
  }
  const ownerOnly = 0o600;
  const file = await open(path, 'wx', ownerOnly);
  try {
    await file.truncate(diskMib * BYTES_PER_MIB);
  } finally {
    await file.close();
  }
  return path;
}

/** nsenter executes QEMU in its place, so the PID of the started process is that of QEMU. */
function enterNamespace(
  path: string | undefined,
  program: string,
  machine: QemuMachine,
): { command: string; args: string[] } {
  const args = buildQemuArguments(machine);
  return path === undefined
    ? { command: program, args }
    : { command: 'nsenter', args: [`--net=${path}`, '--', program, ...args] };
}

/** QEMU from its start to its end, as its monitor reports it. */
class QemuProcess {
  /** The guest has opened its agent's port: it has booted, and can be queried and shut down. */
  isGuestUp = false;
  readonly events = new GuestEvents();
  readonly ended: Promise<SandboxEnd>;
  /** Resolves when the guest opens the agent's port for the first time. */
  readonly agentOpened: Promise<void>;
  #resolveAgentOpened: () => void;
  /** Resolves when the guest opens the runtime's port for the first time. */
  readonly runtimeOpened: Promise<void>;
  #resolveRuntimeOpened: () => void;
  readonly #program: HostProgram;
  readonly #log: Log;
  readonly #console: ConsoleTail;
  #monitor: QmpClient | undefined;
  #shutdownReason: string | undefined;
  /** Why this shim has killed QEMU. */
  #abortReason: string | undefined;

  constructor(program: HostProgram, log: Log) {
    const agent = Promise.withResolvers<void>();
    this.agentOpened = agent.promise;
    this.#resolveAgentOpened = agent.resolve;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.runtimeOpened = promise;
    this.#resolveRuntimeOpened = resolve;
    this.#program = program;
    this.#log = log;
    this.#console = readConsole(this.#socket(1), {
      keptLines: KEPT_LINES,
      onLine: (line) => log.debug(`Guest: ${line}`),
    });
    this.ended = program.ended.then((end) => ({
      reason: this.#describe(describeEnd(end)),
      // A guest that panics ends QEMU with code 0 as well.
      isFailure: isFailedEnd(end) || this.#shutdownReason !== GUEST_SHUTDOWN,
      isGuestPanic: isGuestPanic(this.events, this.#shutdownReason),
    }));
  }

  /**
   * Connects to the monitor. Returns the version of QEMU.
   * @throws {Error} with the error output of QEMU if it exits, otherwise the error of the monitor.
   */
  async connect(): Promise<string> {
    const failed = this.#program.ended.then((end) => {
      throw new Error(`Cannot start the guest: QEMU ${describeEnd(end)}: ${this.#program.errorText()}`);
    });
    failed.catch(() => undefined);
    const opened = QmpClient.open(this.#socket(0), {
      timeoutMs: MONITOR_TIMEOUT_MS,
      onEvent: (event) => {
        this.events.hear(event);
        this.#hear(event.name, event.data);
      },
    });
    // If the monitor closes because QEMU has exited, the error with the output of QEMU says more.
    this.#monitor = await Promise.race([
      failed,
      opened.catch(async (error: unknown) => {
        if (await this.#program.endsWithin(QUIT_GRACE_MS)) {
          return failed;
        }
        throw error;
      }),
    ]);
    return this.#monitor.version;
  }

  /** Ends QEMU by the power button, by `quit`, by SIGKILL: one after the other, as far as needed. */
  async stop(): Promise<void> {
    const isOver =
      (this.isGuestUp && (await this.#endBy('system_powerdown', POWERDOWN_GRACE_MS))) ||
      (await this.#endBy('quit', QUIT_GRACE_MS));
    if (!isOver) {
      this.#program.kill('SIGKILL');
    }
    await this.#program.ended;
    this.#monitor?.close();
  }

  /**
   * Ends QEMU because it needs a process that has ended: without virtiofsd, a guest would wait for ever for the files of its
   * shared directory. Has no effect if QEMU exits within a second, because then the other process has ended with it.
   */
  async endWithout(reason: string): Promise<void> {
    if (!(await this.#program.endsWithin(QUIT_GRACE_MS))) {
      this.#abortReason = reason;
      this.#program.kill('SIGKILL');
    }
  }

  /** Returns whether QEMU has exited within `graceMs`. */
  async #endBy(command: string, graceMs: number): Promise<boolean> {
    try {
      await this.#monitor?.execute(command, {}, { timeoutMs: COMMAND_TIMEOUT_MS });
    } catch {
      // The monitor is closed or unresponsive: only the exit of QEMU counts, and the caller tries the next way.
    }
    return this.#monitor !== undefined && this.#program.endsWithin(graceMs);
  }

  #socket(index: number): Duplex {
    return this.#program.sockets[index]!;
  }

  /** See qapi/run-state.json and qapi/char.json of QEMU. */
  #hear(name: string, data: Readonly<Record<string, unknown>>): void {
    this.#log.debug(`QEMU: ${name} ${JSON.stringify(data)}`);
    if (name === 'SHUTDOWN' && typeof data['reason'] === 'string') {
      this.#shutdownReason = data['reason'];
    }
    if (name === 'VSERPORT_CHANGE' && data['id'] === AGENT_PORT) {
      this.isGuestUp = data['open'] === true;
      if (this.isGuestUp) {
        this.#resolveAgentOpened();
      }
    }
    if (name === 'VSERPORT_CHANGE' && data['id'] === RUNTIME_PORT && data['open'] === true) {
      this.#resolveRuntimeOpened();
    }
  }

  #describe(end: string): string {
    if (this.#abortReason !== undefined) {
      return `QEMU was ended because ${this.#abortReason}`;
    }
    const lines = this.#console.lastLines();
    const line = lines.find((each) => each.includes(LAST_WORDS)) ?? lines.at(-1);
    const console = line === undefined ? '' : `; on its console: ${line}`;
    return `QEMU ${end}${this.#shutdownReason === undefined ? '' : ` (${this.#shutdownReason})`}${console}`;
  }
}
