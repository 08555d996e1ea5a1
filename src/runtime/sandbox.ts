/**
 * The virtual machine of a pod: started with its network and its shared directory, controlled through its agent, and
 * removed with everything that was created for it.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../program/index.ts';
import { type RunningShim, startQemu, startShim } from '../shim/index.ts';
import { LINE_CLOSED } from '../transport/index.ts';
import { Code, TtrpcError } from '../ttrpc/index.ts';
import { AgentClient } from './agent-client.ts';
import { readPodNames } from './bundle.ts';
import { connectPodNetwork, type PodNetwork } from './pod-network.ts';
import type { RuntimeSettings } from './runtime-settings.ts';
import { GUEST_SHARED_PATH, SHARE_TAG, SharedFiles } from './shared-files.ts';

export interface SandboxOptions {
  readonly id: string;
  readonly hostname: string;
  /** The network that CNI has made; undefined: the pod has none. */
  readonly networkNamespacePath: string | undefined;
  /** Path of the parent cgroup from the cgroup root; undefined: the cgroup of the shim. */
  readonly cgroupParent: string | undefined;
  /** Kernel parameters of the pod, which its containers share. */
  readonly sysctls: Readonly<Record<string, string>>;
  /** Annotations of the pod. */
  readonly annotations: Readonly<Record<string, string>>;
  readonly settings: RuntimeSettings;
  readonly log: Log;
}

/** The properties of a pod, from containerd. */
export type PodOptions = Omit<SandboxOptions, 'log' | 'settings'>;

/** Limit of the boot time on a busy machine without KVM. */
const BOOT_TIMEOUT_MS = 150_000;
const AGENT_TIMEOUT_MS = 3_000;
const DESTROY_TIMEOUT_MS = 2_000;
/** Time to wait for the end of the hypervisor, which is the better reason, after the agent was lost. */
const LOST_GRACE_MS = 500;
/** The same where the hypervisor has closed the agent's port: it is ending, and returns the memory of the guest first. */
const ENDING_GRACE_MS = 10_000;

export class Sandbox {
  readonly id: string;
  readonly agent: AgentClient;
  readonly files: SharedFiles;
  readonly sysctls: Readonly<Record<string, string>>;
  /** PID of the hypervisor. */
  readonly pid: number;
  /** Number of CPUs of the guest. */
  readonly cpus: number;
  /** Resolves with the reason when the guest is gone, by itself or because of `stop`. */
  readonly ended: Promise<string>;
  /** Why it has ended; undefined while it lives. */
  endReason: string | undefined;
  readonly #shim: RunningShim;
  readonly #containerIds: string[];
  readonly #network: PodNetwork | undefined;
  #stopping: Promise<void> | undefined;

  private constructor(parts: {
    id: string;
    agent: AgentClient;
    files: SharedFiles;
    sysctls: Readonly<Record<string, string>>;
    cpus: number;
    shim: RunningShim;
    containerIds: string[];
    network: PodNetwork | undefined;
  }) {
    const { id, agent, files, sysctls, cpus, shim, containerIds, network } = parts;
    this.id = id;
    this.agent = agent;
    this.files = files;
    this.sysctls = sysctls;
    this.pid = shim.hypervisor.pid;
    this.cpus = cpus;
    this.#shim = shim;
    this.#containerIds = containerIds;
    this.#network = network;
    const lost = agent.lost.then(async (reason) => {
      await sleep(reason.endsWith(LINE_CLOSED) ? ENDING_GRACE_MS : LOST_GRACE_MS, undefined, { ref: false });
      return `The agent is gone: ${reason}`;
    });
    this.ended = Promise.race([shim.ended.then(({ reason }) => reason), lost]).then((reason) => {
      this.endReason ??= reason;
      return reason;
    });
  }

  /**
   * Resolves when the guest takes containers.
   * @throws {TtrpcError} that has the reason, and then nothing is left.
   */
  static async start(options: SandboxOptions): Promise<Sandbox> {
    const { id, settings, log, networkNamespacePath } = options;
    const undo: (() => Promise<void> | void)[] = [];
    try {
      const network = networkNamespacePath === undefined ? undefined : await connectPodNetwork(networkNamespacePath);
      undo.push(() => network?.remove());
      const files = await SharedFiles.open(join(settings.sandboxesPath, id));
      undo.push(() => files.removeAll());
      const containerIds: string[] = [];
      const shim = await startShim({
        sandboxId: id,
        root: settings.sandboxesPath,
        cgroup: {
          kind: 'make',
          hasShim: true,
          ...(options.cgroupParent !== undefined && { parentPath: options.cgroupParent }),
        },
        containerIds,
        agentTimeoutMs: AGENT_TIMEOUT_MS,
        hasGoFamilies: true,
        hasAllInterfaces: false,
        hasLastWords: true,
        ...readPodNames(options.annotations),
        log,
        openHypervisor: (context) =>
          startQemu(
            {
              program: settings.qemuProgram,
              kernelPath: settings.kernelPath,
              initrdPath: settings.initrdPath,
              memoryMib: settings.memoryMib,
              cpus: settings.cpus,
              accelerator: settings.accelerator,
              sharedPath: files.path,
              hasDebugConsole: false,
              diskMib: undefined,
              runtime: {
                networkNamespacePath,
                interfaces: network?.taps ?? [],
                kernelArguments: settings.kernelArguments,
              },
            },
            context,
          ),
      });
      undo.push(() => shim.close());
      const agent = await connectAgent(shim);
      undo.push(() => agent.close());
      await agent.call('createSandbox', {
        sandboxId: id,
        hostname: options.hostname,
        storages: [{ driver: 'virtio-fs', source: SHARE_TAG, fstype: 'virtiofs', mountPoint: GUEST_SHARED_PATH }],
      });
      await network?.configure(agent);
      const { cpus } = settings;
      return new Sandbox({ id, agent, files, sysctls: options.sysctls, cpus, shim, containerIds, network });
    } catch (error) {
      for (const step of undo.reverse()) {
        await Promise.resolve(step()).catch((later: unknown) => log.error(`Cannot clean up: ${String(later)}`));
      }
      throw error instanceof TtrpcError
        ? error
        : new TtrpcError(Code.internal, `Cannot start the sandbox: ${(error as Error).message}`, { cause: error });
    }
  }

  /** Whether it ends because it was requested to stop. */
  get isStopping(): boolean {
    return this.#stopping !== undefined;
  }

  /** Observes a call of the task service, for the metrics of the shim. */
  observeTaskRpc(action: string, durationMs: number): void {
    this.#shim.counters.observeTaskRpc(action, durationMs);
  }

  /** A container has been started in the guest. */
  observeContainerStart(): void {
    this.#shim.counters.observeContainerStart();
  }

  addContainer(id: string): void {
    this.#containerIds.push(id);
  }

  /**
   * Removes the files of a container.
   * @throws {Error} that names what is left.
   */
  removeContainer(id: string): void {
    const index = this.#containerIds.indexOf(id);
    if (index >= 0) {
      this.#containerIds.splice(index, 1);
    }
    this.files.remove(id);
  }

  /** @throws {TtrpcError} UNAVAILABLE with the reason, when the guest is gone. */
  expectAlive(): void {
    if (this.endReason !== undefined) {
      throw new TtrpcError(Code.unavailable, `Sandbox "${this.id}" has ended: ${this.endReason}`);
    }
  }

  /**
   * Ends the guest and removes what was made for it. Can be called again.
   * @throws the first failure.
   */
  stop(reason: string): Promise<void> {
    this.endReason ??= reason;
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    await this.agent.call('destroySandbox', {}, DESTROY_TIMEOUT_MS).catch(() => undefined);
    this.agent.close();
    const results = [
      await settle(() => this.#shim.close()),
      await settle(() => this.files.removeAll()),
      await settle(() => this.#network?.remove()),
    ];
    const failed = results.find((result) => result !== undefined);
    if (failed !== undefined) {
      throw failed.error;
    }
  }
}

async function connectAgent(shim: RunningShim): Promise<AgentClient> {
  const line = shim.hypervisor.runtime;
  if (line === undefined) {
    throw new Error('The hypervisor has no line for a runtime');
  }
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`the agent did not open its line within ${BOOT_TIMEOUT_MS / 1000} s`)),
    BOOT_TIMEOUT_MS,
  );
  try {
    const over = shim.ended.then(({ reason }) => {
      throw new Error(reason);
    });
    over.catch(() => undefined);
    await Promise.race([line.opened, over, late]);
    return await Promise.race([
      AgentClient.connect({ address: line.address, onRpc: shim.counters.observeAgentRpc }),
      over,
    ]);
  } finally {
    clearTimeout(timer);
  }
}

async function settle(step: () => Promise<void> | void): Promise<{ readonly error: unknown } | undefined> {
  try {
    await step();
    return undefined;
  } catch (error) {
    return { error };
  }
}
