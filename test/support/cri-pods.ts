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
}

/** NamespaceMode of CRI: the node's own. */
const NODE_NETWORK = { network: 2 } as const;
const TIMEOUT_MS = 30_000;

export class CriPods {
  readonly #client: Client;
  readonly #pods = new Map<string, MessageInitShape<typeof RuntimeControl.method.runPodSandbox.input>['config']>();

  /** `socketPath`: of containerd. */
  constructor(socketPath: string) {
    this.#client = new Client(`unix:${socketPath}`, credentials.createInsecure());
  }

  /** Gives the id of the pod's sandbox. */
  async runPod({ name, namespace, uid, labels = {} }: PodSpec): Promise<string> {
    const config = {
      metadata: { name, namespace, uid },
      labels,
      linux: { securityContext: { namespaceOptions: NODE_NETWORK } },
    };
    const { podSandboxId } = await this.#call(RuntimeControl.method.runPodSandbox, { config });
    this.#pods.set(podSandboxId, config);
    return podSandboxId;
  }

  /** Gives the id of a container that runs `command`. */
  async runContainer(podSandboxId: string, name: string, command: string[]): Promise<string> {
    const config = {
      metadata: { name },
      image: { image: BUSYBOX_IMAGE_NAME },
      command,
      linux: { securityContext: { namespaceOptions: NODE_NETWORK } },
    };
    const sandboxConfig = this.#pods.get(podSandboxId)!;
    const { containerId } = await this.#call(RuntimeControl.method.createContainer, {
      podSandboxId,
      config,
      sandboxConfig,
    });
    await this.#call(RuntimeControl.method.startContainer, { containerId });
    return containerId;
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
        (error, answer) => (error === null ? resolve(answer!) : reject(error)),
      );
    });
  }
}
