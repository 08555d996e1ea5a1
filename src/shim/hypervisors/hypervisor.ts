/**
 * The interface between a shim and the hypervisor of its sandbox, and the context for starting one. Each kind has its own
 * folder or file next to this one; the shim depends on no kind by name.
 */
import type { hypervisorKinds } from '../../catalog/hypervisors.ts';
import type { Collector } from '../../collectors/index.ts';
import type { OptionValues } from '../../options/index.ts';
import type { Log } from '../../program/index.ts';
import type { runOptions } from '../../settings/shim.ts';
import type { Address } from '../../transport/index.ts';
import type { GuestUseSource } from '../overhead/overhead-meter.ts';
import type { Guard } from '../processes/guard.ts';
import type { SandboxDirectory } from '../sandbox-directory.ts';

/** The options of `kata-shim run`. */
export type RunValues = OptionValues<typeof runOptions>;

/** Starts or finds what holds the sandbox. Rejects when it cannot, and then nothing that it started is left. */
export type OpenHypervisor = (context: HypervisorContext) => Promise<Hypervisor> | Hypervisor;

/**
 * The function `openHypervisor` that `open.ts` in the folder of each kind exports, for `kata-shim run`.
 * @throws {OptionError} for options that the kind does not support.
 */
export type HypervisorOpener = (values: RunValues, defaultAgentCommand: string) => OpenHypervisor;

export interface HypervisorContext {
  /** Files and sockets of the sandbox go here; `stop` removes those that were made. */
  readonly directory: SandboxDirectory;
  readonly log: Log;
  /**
   * Called for every process that is started for the sandbox, as soon as it has a pid, so that its cgroup accounts for it
   * from the start.
   */
  readonly onProcess: (pid: number) => void;
  /** Called instead for the workload, if a process replaces the guest: it has a separate cgroup. */
  readonly onWorkload: (pid: number) => void;
  /** Whether the sandbox has a cgroup that was made for it. */
  readonly hasCgroup: boolean;
  /**
   * Starts the guard that ends the sandbox when the shim is killed: it removes these files and the cgroup, and leaves the last
   * words. Called once, before the first process is started. The shim ends the guard, after `stop`.
   */
  readonly startGuard: (files: readonly string[]) => Guard;
}

export interface Hypervisor {
  readonly identity: HypervisorIdentity;
  readonly pid: number;
  readonly virtiofsdPid: number | undefined;
  readonly agentAddress: Address;
  /**
   * False while the hypervisor reports that no process in the guest has opened the agent's port: a request would only time
   * out. Default: the hypervisor does not report this.
   */
  readonly isAgentThere?: () => boolean;
  /** Resolves when the guest has opened the agent's port for the first time. Default: the hypervisor does not report this. */
  readonly agentOpened?: Promise<void>;
  /**
   * Whether the hypervisor reports that the virtual machine is paused. One whose process is stopped is paused in any case.
   * Default: there is no virtual machine.
   */
  readonly isPaused?: () => boolean;
  /** A runtime's connection to the same agent, where requested; `opened` resolves when the guest accepts calls there. */
  readonly runtime?: { readonly address: Address; readonly opened: Promise<void> };
  /** Families that only this kind of hypervisor has, such as Firecracker's own metrics. */
  readonly collectors: readonly Collector<undefined>[];
  readonly guestUse: GuestUseSource;
  /** Other processes of the sandbox that cost the host something; they may change. */
  readonly otherPids: () => readonly number[];
  /** Resolves when the sandbox has ended by itself; never, where the shim cannot know. */
  readonly ended: Promise<SandboxEnd>;
  /** Ends everything that was started for the sandbox, and nothing else: gracefully first, then by force. Can be called again. */
  stop(): Promise<void>;
}

/** How a sandbox ended by itself. */
export interface SandboxEnd {
  /** A sentence without its full stop, such as `QEMU was ended by SIGKILL`. */
  readonly reason: string;
  /** False where a workload finished, or a guest was shut down from inside. */
  readonly isFailure: boolean;
  /** The kernel of the guest panicked. Default: it is not known. */
  readonly isGuestPanic?: boolean;
}

/** Labels of kata_shim_sandbox_info, as the host knows them; undefined if it does not. */
export interface HypervisorIdentity {
  readonly hypervisor: HypervisorKind;
  readonly version: string | undefined;
  /** Name of the machine type in the hypervisor, such as `q35`. */
  readonly machine: string | undefined;
  /** `kvm` or `tcg`. */
  readonly accelerator: string | undefined;
  /** The release, read from the kernel's image: what the guest says of itself is not taken. */
  readonly guestKernel: string | undefined;
}

export type HypervisorKind = (typeof hypervisorKinds)[number];
