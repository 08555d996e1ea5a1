/**
 * The task service of containerd over the containers of one sandbox, for the names that it has in versions 2 and 3 of the shim
 * protocol. Measures the duration of every call. A call fails with a TtrpcError whose code containerd knows.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '../program/index.ts';
import {
  type CreateTaskRequest,
  type ExecProcessRequest,
  type Spec,
  TaskCreateSchema,
  TaskDeleteSchema,
  TaskExecAddedSchema,
  TaskExecStartedSchema,
  TaskPausedSchema,
  TaskResumedSchema,
  type TaskServiceV2,
  TaskStartSchema,
  TaskStatus,
} from '../runtime-proto/index.ts';
import { Code, type ServiceImplementation, TtrpcError } from '../ttrpc/index.ts';
import { type BundleDescription, describeBundle } from './bundle.ts';
import type { EventPublisher } from './events.ts';
import { createContainer, removeContainer } from './guest-container.ts';
import { fitToGuest } from './guest-resources.ts';
import { parseProcess, parseResources, parseSpec, prepareProcess } from './oci-for-guest.ts';
import type { PodOptions, Sandbox } from './sandbox.ts';
import { toMetricsAny } from './stats-message.ts';
import { type Task, TaskList } from './task-list.ts';
import { LOST_STATUS, TaskProcess } from './task-process.ts';
import { publishExit, watchOom, watchProcess, watchSandbox } from './task-watch.ts';

export interface TaskServiceOptions {
  readonly events: Pick<EventPublisher, 'publish'>;
  readonly log: Log;
  /** Starts the sandbox of a pod, or of a container without a pod. */
  readonly startSandbox: (options: PodOptions) => Promise<Sandbox>;
  /** Called before anything is created for a task. */
  readonly onCreate: (bundlePath: string) => void;
  /** Called when containerd no longer needs the shim. */
  readonly onShutdown: () => void;
}

/** The exit status of a process that a signal has killed is this plus the number of the signal. */
const SIGNAL_STATUS = 128;
const SIGKILL = 9;
const MAX_SIGNAL = 64;
/** Signals that end no process: 0 (tests whether it exists), SIGCHLD, SIGCONT, SIGURG and SIGWINCH; signal(7). */
const HARMLESS_SIGNALS: ReadonlySet<number> = new Set([0, 17, 18, 23, 28]);
type Handlers = Required<ServiceImplementation<typeof TaskServiceV2>>;

export class TaskService {
  readonly #options: TaskServiceOptions;
  readonly #tasks = new TaskList();
  #sandbox: Sandbox | undefined;
  /** Whether the sandbox service has started the sandbox, and will stop it. */
  #isPodElsewhere = false;

  constructor(options: TaskServiceOptions) {
    this.#options = options;
  }

  /** Whether there is neither a task nor a sandbox of the sandbox service. */
  get isIdle(): boolean {
    return this.#tasks.size === 0 && !this.#isPodElsewhere;
  }

  /** Creates later containers in a sandbox that the sandbox service has started and will stop. */
  adoptSandbox(sandbox: Sandbox): void {
    this.#isPodElsewhere = true;
    this.#adopt(sandbox);
    void sandbox.ended.then(() => {
      this.#isPodElsewhere = false;
    });
  }

  /** Handlers of all methods of the service, for a ttrpc server. */
  handlers(): Handlers {
    const handlers: Handlers = {
      state: ({ id, execId }) => this.#tasks.findProcess(id, execId).describe(),
      create: (request) => this.#create(request),
      start: ({ id, execId }) => (execId === '' ? this.#start(id) : this.#startExec(id, execId)),
      delete: ({ id, execId }) => (execId === '' ? this.#delete(id) : this.#deleteExec(id, execId)),
      pids: ({ id }) => ({ processes: [{ pid: this.#tasks.findProcess(id, '').pid }] }),
      pause: ({ id }) => this.#pause(id),
      resume: ({ id }) => this.#resume(id),
      checkpoint: () => {
        throw new TtrpcError(Code.unimplemented, 'Checkpoints of virtual machines are not supported');
      },
      kill: ({ id, execId, signal, all }) => this.#kill(id, execId, signal, all),
      exec: (request) => this.#exec(request),
      resizePty: async ({ id, execId, width, height }) => {
        this.#tasks.findProcess(id, execId);
        await this.#alive().agent.call('ttyWinResize', {
          containerId: id,
          execId: execId || id,
          row: height,
          column: width,
        });
        return {};
      },
      closeIO: ({ id, execId, stdin }) => {
        const process = this.#tasks.findProcess(id, execId);
        if (stdin) {
          process.closeInput();
        }
        return {};
      },
      update: ({ id, resources }) => this.#update(id, resources?.value),
      wait: async ({ id, execId }) => {
        const process = this.#tasks.findProcess(id, execId);
        await process.exited;
        return { exitStatus: process.exitStatus, exitedAt: process.exitedAt };
      },
      stats: ({ id }) => this.#stats(id),
      connect: ({ id }) => ({ shimPid: process.pid, taskPid: this.#tasks.get(id)?.init.pid ?? 0 }),
      shutdown: () => {
        // Also called after each container's deletion.
        if (this.isIdle) {
          this.#options.onShutdown();
        }
        return {};
      },
    };
    return this.#measured(handlers);
  }

  /** Ends the guest, and with it all tasks. */
  async close(reason: string): Promise<void> {
    await this.#sandbox?.stop(reason);
  }

  async #create(request: CreateTaskRequest) {
    const { id, bundle } = request;
    this.#tasks.expectNew(id);
    if (request.checkpoint !== '') {
      throw new TtrpcError(Code.unimplemented, 'Restoring from a checkpoint is not supported');
    }
    const spec = parseSpec(readFileSync(join(bundle, 'config.json'), 'utf8'));
    const description = describeBundle(spec);
    const { kind } = description;
    const { stdin, stdout, stderr, terminal, rootfs } = request;
    const options = {
      containerId: id,
      execId: '',
      bundlePath: bundle,
      stdio: { stdin, stdout, stderr },
      hasTerminal: terminal,
      log: this.#options.log,
    };
    const task: Task = { isPod: kind === 'pod', init: new TaskProcess(options), execs: new Map() };
    // Added before the first await: a second call with this id must not create a second one.
    this.#tasks.add(id, task);
    let sandbox: Sandbox;
    try {
      this.#options.onCreate(bundle);
      if (kind !== 'container' && this.#sandbox === undefined) {
        this.#adopt(await this.#options.startSandbox(toPodOptions(id, spec, description)));
      }
      sandbox = this.#alive();
      if (!task.isPod) {
        await createContainer(sandbox, task.init, spec, rootfs);
      }
      task.init.pid = sandbox.pid;
    } catch (error) {
      await this.#undoCreate(id, task, kind);
      throw error;
    }
    const { pid } = task.init;
    this.#options.events.publish('/tasks/create', TaskCreateSchema, {
      containerId: id,
      bundle,
      rootfs,
      io: { stdin, stdout, stderr, terminal },
      pid,
    });
    if (!task.isPod) {
      // From now on, because a container that was never started can be killed, too.
      void watchProcess(sandbox, task.init, id, this.#options);
    }
    return { pid };
  }

  /** Removes a task that could not be created, and ends the sandbox if it was started for this task. */
  async #undoCreate(id: string, { init }: Task, kind: BundleDescription['kind']): Promise<void> {
    this.#tasks.delete(id);
    giveUp(init);
    if (kind !== 'container' && this.#tasks.size === 0) {
      await this.#sandbox
        ?.stop('It could not be used')
        .catch((later: unknown) => this.#options.log.error(String(later)));
      this.#sandbox = undefined;
    }
  }

  async #start(id: string) {
    const { init, isPod } = this.#tasks.find(id);
    init.expect(TaskStatus.CREATED, 'start');
    if (!isPod) {
      const sandbox = this.#alive();
      const { agent } = sandbox;
      init.pumpStreams(agent);
      const starting = agent.call('startContainer', { containerId: id });
      init.starting = starting.catch(() => undefined);
      await starting;
      sandbox.observeContainerStart();
    }
    init.advance(TaskStatus.RUNNING);
    this.#options.events.publish('/tasks/start', TaskStartSchema, { containerId: id, pid: init.pid });
    return { pid: init.pid };
  }

  async #exec({ id, execId, terminal, stdin, stdout, stderr, spec }: ExecProcessRequest) {
    const { init, execs } = this.#tasks.find(id);
    this.#tasks.expectNewExec(id, execId);
    const process = new TaskProcess({
      ...init.options,
      execId,
      stdio: { stdin, stdout, stderr },
      hasTerminal: terminal,
    });
    execs.set(execId, {
      process,
      spec: prepareProcess(parseProcess(Buffer.from(spec?.value ?? []).toString()), terminal),
    });
    this.#options.events.publish('/tasks/exec-added', TaskExecAddedSchema, { containerId: id, execId });
    return {};
  }

  async #startExec(id: string, execId: string) {
    const { init } = this.#tasks.find(id);
    const { process, spec } = this.#tasks.findExec(id, execId);
    process.expect(TaskStatus.CREATED, 'start');
    let sandbox: Sandbox;
    try {
      sandbox = this.#alive();
      init.expect(TaskStatus.RUNNING, 'start a process in it');
      process.openOutputs();
      await sandbox.agent.call('execProcess', { containerId: id, execId, process: spec });
    } catch (error) {
      // containerd waits for the exit of a process before it deletes it, also of one that was never started.
      giveUp(process);
      throw error;
    }
    const { agent, pid } = sandbox;
    process.pid = pid;
    process.advance(TaskStatus.RUNNING);
    this.#options.events.publish('/tasks/exec-started', TaskExecStartedSchema, { containerId: id, execId, pid });
    void watchProcess(sandbox, process, execId, this.#options);
    try {
      process.pumpStreams(agent);
    } catch (error) {
      // It runs, but nothing can be sent to it.
      await agent.call('signalProcess', { containerId: id, execId, signal: SIGKILL }).catch(() => undefined);
      throw error;
    }
    return { pid };
  }

  async #kill(id: string, execId: string, signal: number, isForAll: boolean) {
    if (signal > MAX_SIGNAL) {
      throw new TtrpcError(Code.invalidArgument, `Signal must be from 0 to ${MAX_SIGNAL}, got ${signal}`);
    }
    const task = this.#tasks.find(id);
    const process = this.#tasks.findProcess(id, execId);
    if (process.isStopped) {
      throw new TtrpcError(Code.notFound, 'process already finished: not found');
    }
    if (task.isPod) {
      // The pod's own process is the guest.
      if (!HARMLESS_SIGNALS.has(signal)) {
        void this.#stopPod(process, signal);
      }
      return {};
    }
    const target = execId || (isForAll ? '' : id);
    await this.#alive().agent.call('signalProcess', { containerId: id, execId: target, signal });
    return {};
  }

  async #stopPod(pod: TaskProcess, signal: number): Promise<void> {
    await this.#sandbox
      ?.stop(`It was stopped by signal ${signal}`)
      .catch((error: unknown) => this.#options.log.error(`Cannot clean up: ${String(error)}`));
    if (!pod.isStopped) {
      pod.stop(SIGNAL_STATUS + signal);
      publishExit(this.#options.events, pod, pod.options.containerId);
    }
  }

  async #delete(id: string) {
    const { init, isPod, execs } = this.#tasks.find(id);
    if (init.status === TaskStatus.RUNNING || init.status === TaskStatus.PAUSED) {
      init.expect(TaskStatus.STOPPED, 'delete');
    }
    if (!isPod && this.#sandbox !== undefined) {
      await removeContainer(this.#sandbox, id, this.#options.log);
    }
    await init.drain();
    init.closeStreams();
    for (const { process } of execs.values()) {
      giveUp(process);
    }
    this.#tasks.delete(id);
    if (this.isIdle) {
      await this.#sandbox?.stop('Its last task was deleted');
    }
    const { pid, exitStatus, exitedAt } = init;
    this.#options.events.publish('/tasks/delete', TaskDeleteSchema, { containerId: id, pid, exitStatus, exitedAt });
    return { pid, exitStatus, exitedAt };
  }

  async #deleteExec(id: string, execId: string) {
    const { process } = this.#tasks.findExec(id, execId);
    if (process.status === TaskStatus.RUNNING) {
      process.expect(TaskStatus.STOPPED, 'delete');
    }
    await process.drain();
    giveUp(process);
    this.#tasks.find(id).execs.delete(execId);
    const { pid, exitStatus, exitedAt } = process;
    return { pid, exitStatus, exitedAt };
  }

  async #pause(id: string) {
    const { init } = this.#tasks.find(id);
    init.expect(TaskStatus.RUNNING, 'pause');
    await this.#alive().agent.call('pauseContainer', { containerId: id });
    init.advance(TaskStatus.PAUSED);
    init.expect(TaskStatus.PAUSED, 'pause');
    this.#options.events.publish('/tasks/paused', TaskPausedSchema, { containerId: id });
    return {};
  }

  async #resume(id: string) {
    const { init } = this.#tasks.find(id);
    init.expect(TaskStatus.PAUSED, 'resume');
    await this.#alive().agent.call('resumeContainer', { containerId: id });
    init.advance(TaskStatus.RUNNING);
    init.expect(TaskStatus.RUNNING, 'resume');
    this.#options.events.publish('/tasks/resumed', TaskResumedSchema, { containerId: id });
    return {};
  }

  async #update(id: string, resources: Uint8Array | undefined) {
    const { isPod } = this.#tasks.find(id);
    const parsed = parseResources(Buffer.from(resources ?? []).toString());
    // The size of the guest does not change.
    if (!isPod) {
      fitToGuest(parsed, this.#alive().cpus, (message) => this.#options.log.info(`Container "${id}": ${message}`));
      await this.#alive().agent.call('updateContainer', { containerId: id, resources: parsed });
    }
    return {};
  }

  async #stats(id: string) {
    const { isPod } = this.#tasks.find(id);
    const sandbox = this.#alive();
    if (isPod) {
      return { stats: toMetricsAny({ $typeName: 'grpc.StatsContainerResponse', networkStats: [] }) };
    }
    return { stats: toMetricsAny(await sandbox.agent.statsContainer(id)) };
  }

  #adopt(sandbox: Sandbox): void {
    this.#sandbox = sandbox;
    void watchOom(sandbox, this.#tasks, this.#options);
    void watchSandbox(sandbox, this.#tasks, this.#options);
  }

  /** @throws {TtrpcError} FAILED_PRECONDITION without a sandbox, UNAVAILABLE with the reason when the guest has ended. */
  #alive(): Sandbox {
    if (this.#sandbox === undefined) {
      throw new TtrpcError(Code.failedPrecondition, 'There is no sandbox');
    }
    this.#sandbox.expectAlive();
    return this.#sandbox;
  }

  /** Wraps each handler so that its duration is observed. */
  #measured(handlers: Handlers): Handlers {
    const measured = Object.entries(handlers).map(([name, handler]) => {
      const action = name.replaceAll(/[A-Z]+/g, (letters) => `_${letters.toLowerCase()}`);
      const call = handler as (...args: unknown[]) => unknown;
      const measure = async (...args: unknown[]): Promise<unknown> => {
        const startMs = performance.now();
        try {
          return await call(...args);
        } finally {
          this.#sandbox?.observeTaskRpc(action, performance.now() - startMs);
        }
      };
      return [name, measure];
    });
    return Object.fromEntries(measured) as Handlers;
  }
}

/** Options of the sandbox of a pod, or of a container without a pod, from the specification of the bundle. */
function toPodOptions(
  id: string,
  spec: Spec,
  { kind, cgroupParent, networkNamespacePath }: BundleDescription,
): PodOptions {
  return {
    id,
    hostname: spec.hostname,
    annotations: spec.annotations,
    cgroupParent,
    networkNamespacePath,
    // A container without a pod sets its own.
    sysctls: kind === 'pod' ? (spec.linux?.sysctl ?? {}) : {},
  };
}

/** Marks a process that was not started as exited, so that calls that wait for it return. Has no effect if it has exited. */
function giveUp(process: TaskProcess): void {
  process.closeStreams();
  process.stop(LOST_STATUS);
}
