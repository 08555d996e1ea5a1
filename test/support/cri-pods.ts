/**
 * Makes and removes pods and containers as a kubelet does: by calls over CRI to a containerd of the test's own. Pods have
 * the host's network, so that no network has to be made.
 */
import {
  create,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { Client, credentials } from '@grpc/grpc-js';
import { RuntimeControl } from '../proto/gen/cri-control_pb.ts';
import { BUSYBOX_IMAGE_NAME } from './busybox-image.ts';

export interface PodSpec {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
  /** As containerd's configuration names it; default: its own default. */
  readonly handler?: string;
  /** With its own network, made by CNI; default: the host's. */
  readonly hasNetwork?: boolean;
  /** From the root of the cgroups. */
  readonly cgroupParent?: string;
  /** Its containers may do everything that they ask for. Default: they may not. */
  readonly isPrivileged?: boolean;
  /** Where the logs of its containers go. */
  readonly logDirectory?: string;
}

export type ContainerOptions = Partial<
  Pick<
    NonNullable<MessageInitShape<typeof RuntimeControl.method.createContainer.input>['config']>,
    'logPath' | 'mounts'
  >
> & {
  readonly memoryLimitBytes?: number;
  /** May do everything, if its pod may. Default: it may not. */
  readonly isPrivileged?: boolean;
};

/** NamespaceMode of CRI: the node's own. */
const NODE_NETWORK = { network: 2 } as const;
/** A virtual machine on a busy computer takes its time. */
const TIMEOUT_MS = 200_000;
/** Less than that of the call, so that CRI names the command. */
const EXEC_TIMEOUT_S = 180;

export class CriPods {
  /** Of the container that was made last, also when it could not be started. */
  lastContainerId = '';
  readonly #client: Client;
  readonly #pods = new Map<string, MessageInitShape<typeof RuntimeControl.method.runPodSandbox.input>['config']>();

  /** `socketPath`: of containerd. */
  constructor(socketPath: string) {
    this.#client = new Client(`unix:${socketPath}`, credentials.createInsecure());
  }

  /** Gives the id of the pod's sandbox. */
  async runPod(spec: PodSpec): Promise<string> {
    const { name, namespace, uid, labels = {}, annotations = {}, handler = '', hasNetwork = false } = spec;
    const config = {
      metadata: { name, namespace, uid },
      hostname: hasNetwork ? name : '',
      labels,
      annotations,
      logDirectory: spec.logDirectory ?? '',
      linux: {
        cgroupParent: spec.cgroupParent ?? '',
        securityContext: { namespaceOptions: hasNetwork ? {} : NODE_NETWORK, privileged: spec.isPrivileged ?? false },
      },
    };
    const request = { config, runtimeHandler: handler };
    const { podSandboxId } = await this.#call(RuntimeControl.method.runPodSandbox, request);
    this.#pods.set(podSandboxId, config);
    return podSandboxId;
  }

  /** Gives the id of a container that runs `command`. */
  async runContainer(
    podSandboxId: string,
    name: string,
    command: string[],
    options: ContainerOptions = {},
  ): Promise<string> {
    const containerId = await this.createContainer(podSandboxId, name, command, options);
    await this.startContainer(containerId);
    return containerId;
  }

  /** The same, not started. */
  async createContainer(
    podSandboxId: string,
    name: string,
    command: string[],
    { memoryLimitBytes = 0, isPrivileged = false, ...more }: ContainerOptions = {},
  ): Promise<string> {
    const sandboxConfig = this.#pods.get(podSandboxId)!;
    const { network = 0 } = sandboxConfig.linux?.securityContext?.namespaceOptions ?? {};
    const config = {
      metadata: { name },
      image: { image: BUSYBOX_IMAGE_NAME },
      command,
      ...more,
      linux: {
        resources: { memoryLimitInBytes: BigInt(memoryLimitBytes) },
        securityContext: { namespaceOptions: { network }, privileged: isPrivileged },
      },
    };
    const { containerId } = await this.#call(RuntimeControl.method.createContainer, {
      podSandboxId,
      config,
      sandboxConfig,
    });
    this.lastContainerId = containerId;
    return containerId;
  }

  async startContainer(containerId: string): Promise<void> {
    await this.#call(RuntimeControl.method.startContainer, { containerId });
  }

  /** Runs a command in a container to its end. */
  async exec(containerId: string, cmd: string[]): Promise<{ exitCode: number; stdout: string; stderr: string }> {
    const { exitCode, stdout, stderr } = await this.#call(RuntimeControl.method.execSync, {
      containerId,
      cmd,
      timeout: BigInt(EXEC_TIMEOUT_S),
    });
    return { exitCode, stdout: Buffer.from(stdout).toString(), stderr: Buffer.from(stderr).toString() };
  }

  async readPod(podSandboxId: string): Promise<{ isReady: boolean; ip: string }> {
    const { status } = await this.#call(RuntimeControl.method.podSandboxStatus, { podSandboxId });
    return { isReady: status?.state === 0, ip: status?.network?.ip ?? '' };
  }

  async readContainer(
    containerId: string,
  ): Promise<{ state: string; exitCode: number; reason: string; message: string }> {
    const { status } = await this.#call(RuntimeControl.method.containerStatus, { containerId });
    const { state, exitCode, reason, message } = status!;
    return { state: ['created', 'running', 'exited', 'unknown'][state]!, exitCode, reason, message };
  }

  /** Of one container, as `crictl stats` has it. */
  async readStats(containerId: string): Promise<CriUse> {
    const { stats } = await this.#call(RuntimeControl.method.containerStats, { containerId });
    return toUse(stats);
  }

  /** Of the whole pod, from its cgroup on the host, as `crictl statsp` has it. */
  async readPodStats(podSandboxId: string): Promise<CriUse> {
    const { stats } = await this.#call(RuntimeControl.method.podSandboxStats, { podSandboxId });
    return toUse(stats?.linux);
  }

  async updateMemory(containerId: string, bytes: number): Promise<void> {
    const linux = { memoryLimitInBytes: BigInt(bytes) };
    await this.#call(RuntimeControl.method.updateContainerResources, { containerId, linux });
  }

  /** SIGTERM, and SIGKILL after so many seconds. */
  async stopContainer(containerId: string, seconds: number): Promise<void> {
    await this.#call(RuntimeControl.method.stopContainer, { containerId, timeout: BigInt(seconds) });
  }

  async removeContainer(containerId: string): Promise<void> {
    await this.#call(RuntimeControl.method.removeContainer, { containerId });
  }

  /** Removes a pod with its containers. */
  async removePod(podSandboxId: string): Promise<void> {
    this.#pods.delete(podSandboxId);
    await this.#call(RuntimeControl.method.stopPodSandbox, { podSandboxId });
    await this.#call(RuntimeControl.method.removePodSandbox, { podSandboxId });
  }

  /** Removes the pods that are left. */
  async close(): Promise<void> {
    try {
      await Promise.all([...this.#pods.keys()].map((id) => this.removePod(id)));
    } finally {
      this.#client.close();
    }
  }

  #call<M extends DescMethodUnary>(method: M, init: MessageInitShape<M['input']>): Promise<MessageShape<M['output']>> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        `/runtime.v1.RuntimeService/${method.name}`,
        (request: MessageShape<M['input']>) => Buffer.from(toBinary(method.input, request)),
        (bytes) => fromBinary(method.output, bytes) as MessageShape<M['output']>,
        create(method.input, init) as MessageShape<M['input']>,
        { deadline: Date.now() + TIMEOUT_MS },
        (error, response) => (error === null ? resolve(response!) : reject(error)),
      );
    });
  }
}

/** What CRI reports of a container or a pod; 0 where it reports nothing. */
export interface CriUse {
  readonly cpuNs: number;
  /** Memory that cannot be dropped: the working set. */
  readonly memoryBytes: number;
  readonly usageBytes: number;
}

interface CriNumber {
  readonly value: bigint;
}

interface UseMessage {
  readonly cpu?: { readonly usageCoreNanoSeconds?: CriNumber | undefined } | undefined;
  readonly memory?:
    | { readonly workingSetBytes?: CriNumber | undefined; readonly usageBytes?: CriNumber | undefined }
    | undefined;
}

function toUse(message: UseMessage | undefined): CriUse {
  const toNumber = (number: CriNumber | undefined): number => Number(number?.value ?? 0n);
  return {
    cpuNs: toNumber(message?.cpu?.usageCoreNanoSeconds),
    memoryBytes: toNumber(message?.memory?.workingSetBytes),
    usageBytes: toNumber(message?.memory?.usageBytes),
  };
}
