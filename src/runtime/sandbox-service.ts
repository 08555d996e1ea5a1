/**
 * The sandbox service of containerd: the pod as a separate object instead of a first container. Used by containerd 2 if
 * the runtime is configured with `sandboxer = "shim"`.
 */

import { arch } from 'node:os';
import { fromBinary, type MessageShape } from '@bufbuild/protobuf';
import { type Any, timestampNow } from '@bufbuild/protobuf/wkt';
import { PodSandboxConfigSchema, type SandboxService as Service } from '../runtime-proto/index.ts';
import { Code, type ServiceImplementation, TtrpcError } from '../ttrpc/index.ts';
import type { PodOptions, Sandbox } from './sandbox.ts';
import { toMetricsAny } from './stats-message.ts';
import type { TaskService } from './task-service.ts';

export interface SandboxServiceOptions {
  readonly tasks: Pick<TaskService, 'adoptSandbox'>;
  readonly startSandbox: (options: PodOptions) => Promise<Sandbox>;
  /** Called before anything is made. */
  readonly onCreate: (bundlePath: string) => void;
  /** Called when containerd no longer needs the shim. */
  readonly onShutdown: () => void;
}

/** Go's names. */
const ARCHITECTURES: Partial<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };
const READY = 'SANDBOX_READY';
const NOT_READY = 'SANDBOX_NOTREADY';

type Timestamp = ReturnType<typeof timestampNow>;

export class SandboxService {
  readonly #options: SandboxServiceOptions;
  #pod: PodOptions | undefined;
  #sandbox: Sandbox | undefined;
  readonly #over = Promise.withResolvers<void>();
  #createdAt: Timestamp | undefined;
  #exitedAt: Timestamp | undefined;

  constructor(options: SandboxServiceOptions) {
    this.#options = options;
  }

  handlers(): ServiceImplementation<typeof Service> {
    return {
      createSandbox: ({ sandboxId, bundlePath, netnsPath, options }) => {
        if (this.#pod !== undefined) {
          throw new TtrpcError(Code.alreadyExists, `Sandbox "${this.#pod.id}" exists already`);
        }
        this.#options.onCreate(bundlePath);
        const { hostname, annotations, linux } = parseConfig(options);
        this.#pod = {
          id: sandboxId,
          hostname,
          annotations,
          cgroupParent: linux?.cgroupParent || undefined,
          networkNamespacePath: netnsPath || undefined,
          sysctls: linux?.sysctls ?? {},
        };
        return {};
      },
      startSandbox: async () => {
        if (this.#pod === undefined || this.#sandbox !== undefined) {
          throw new TtrpcError(Code.failedPrecondition, 'There is no sandbox to start');
        }
        const sandbox = await this.#options.startSandbox(this.#pod);
        this.#sandbox = sandbox;
        this.#createdAt = timestampNow();
        this.#options.tasks.adoptSandbox(sandbox);
        void sandbox.ended.then(() => this.#end());
        return { pid: sandbox.pid, createdAt: this.#createdAt };
      },
      platform: () => ({ platform: { os: 'linux', architecture: ARCHITECTURES[arch()] ?? arch() } }),
      stopSandbox: async () => {
        await this.#stop('It was stopped');
        return {};
      },
      waitSandbox: async () => {
        await this.#over.promise;
        return { exitStatus: 0, exitedAt: this.#exitedAt };
      },
      sandboxStatus: ({ sandboxId }) => ({
        sandboxId,
        pid: this.#sandbox?.pid ?? 0,
        state: this.#sandbox?.endReason === undefined && this.#sandbox !== undefined ? READY : NOT_READY,
        info: this.#sandbox?.endReason === undefined ? {} : { reason: this.#sandbox.endReason },
        createdAt: this.#createdAt,
        exitedAt: this.#exitedAt,
      }),
      pingSandbox: () => {
        this.#sandbox?.expectAlive();
        return {};
      },
      shutdownSandbox: async () => {
        await this.#stop('It was shut down');
        this.#options.onShutdown();
        return {};
      },
      sandboxMetrics: ({ sandboxId }) => ({
        metrics: {
          timestamp: timestampNow(),
          id: sandboxId,
          data: toMetricsAny({ $typeName: 'grpc.StatsContainerResponse', networkStats: [] }),
        },
      }),
    };
  }

  async #stop(reason: string): Promise<void> {
    await this.#sandbox?.stop(reason);
    this.#end();
  }

  #end(): void {
    this.#exitedAt ??= timestampNow();
    this.#over.resolve();
  }
}

function parseConfig(options: Any | undefined): MessageShape<typeof PodSandboxConfigSchema> {
  try {
    return fromBinary(PodSandboxConfigSchema, options?.value ?? new Uint8Array());
  } catch (error) {
    throw new TtrpcError(Code.invalidArgument, `Cannot read the configuration of the pod: ${String(error)}`);
  }
}
