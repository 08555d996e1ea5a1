/**
 * containerd's task service over the containers of one sandbox: one implementation under both names. Every call is measured,
 * and fails with a TtrpcError whose code containerd knows.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../program/index.ts';
import {
  type CreateTaskRequest,
  type ExecProcessRequest,
  type Process,
  TaskCreateSchema,
  TaskDeleteSchema,
  TaskExecAddedSchema,
  TaskExecStartedSchema,
  TaskExitSchema,
  TaskOOMSchema,
  TaskPausedSchema,
  TaskResumedSchema,
  type TaskServiceV2,
  TaskStartSchema,
  TaskStatus,
} from '../runtime-proto/index.ts';
import { Code, type ServiceImplementation, TtrpcError } from '../ttrpc/index.ts';
import { describeBundle } from './bundle.ts';
import type { EventPublisher } from './events.ts';
import { parseProcess, parseResources, parseSpec, prepareForGuest, prepareProcess } from './oci-for-guest.ts';
import type { PodOptions, Sandbox } from './sandbox.ts';
import { toMetricsAny } from './stats-message.ts';
import { LOST_STATUS, TaskProcess } from './task-process.ts';

export interface TaskServiceOptions {
  readonly events: Pick<EventPublisher, 'publish'>;
  readonly log: Log;
  /** Starts the sandbox of a pod, or of a container by itself. */
  readonly startSandbox: (options: PodOptions) => Promise<Sandbox>;
  /** Called before anything is made for a task. */
  readonly onCreate: (bundlePath: string) => void;
  /** Called when containerd needs the shim no more. */
  readonly onShutdown: () => void;
}

interface Task {
  /** A pod's own task has nothing in the guest. */
  readonly isPod: boolean;
  readonly init: TaskProcess;
  /** Undefined: to come. */
  readonly execs: Map<string, { readonly process: TaskProcess; readonly spec: Process }>;
}

const SIGNAL_STATUS = 128;
const SIGKILL = 9;
/** Pods have a few; each has streams and calls under way. */
const MAX_TASKS = 64;
const MAX_EXECS = 256;
const REMOVE_TIMEOUT_MS = 10_000;
/** From the loss of the agent to the end of its sandbox. */
const LOST_GRACE_MS = 1_000;

type Handlers = Required<ServiceImplementation<typeof TaskServiceV2>>;

export class TaskService {
  readonly #options: TaskServiceOptions;
  readonly #tasks = new Map<string, Task>();
  #sandbox: Sandbox | undefined;
  /** The sandbox service has started the sandbox, and will stop it. */
  #isPodElsewhere = false;

  constructor(options: TaskServiceOptions) {
    this.#options = options;
  }

  /** There is no task, and no pod that has none for now. */
  get isIdle(): boolean {
    return this.#tasks.size === 0 && !this.#isPodElsewhere;
  }

  /** Of the sandbox service, which ends it too: containers are made in it. */
  adoptSandbox(sandbox: Sandbox): void {
    this.#isPodElsewhere = true;
    this.#adopt(sandbox);
    void sandbox.ended.then(() => {
      this.#isPodElsewhere = false;
    });
  }

  /** For a server, under any of the service's names. */
  handlers(): Handlers {
    const handlers: Handlers = {
      state: ({ id, execId }) => this.#findProcess(id, execId).describe(),
      create: (request) => this.#create(request),
      start: ({ id, execId }) => (execId === '' ? this.#start(id) : this.#startExec(id, execId)),
      delete: ({ id, execId }) => (execId === '' ? this.#delete(id) : this.#deleteExec(id, execId)),
      pids: ({ id }) => ({ processes: [{ pid: this.#findProcess(id, '').pid }] }),
      pause: ({ id }) => this.#pause(id),
      resume: ({ id }) => this.#resume(id),
      checkpoint: () => {
        throw new TtrpcError(Code.unimplemented, 'Checkpoints of virtual machines are not supported');
      },
      kill: ({ id, execId, signal, all }) => this.#kill(id, execId, signal, all),
      exec: (request) => this.#exec(request),
      resizePty: async ({ id, execId, width, height }) => {
        this.#findProcess(id, execId);
        await this.#alive().agent.call('ttyWinResize', {
          containerId: id,
          execId: execId || id,
          row: height,
          column: width,
        });
        return {};
      },
      closeIO: ({ id, execId, stdin }) => {
        const process = this.#findProcess(id, execId);
        if (stdin) {
          process.closeInput();
        }
        return {};
      },
      update: ({ id, resources }) => this.#update(id, resources?.value),
      wait: async ({ id, execId }) => {
        const process = this.#findProcess(id, execId);
        await process.exited;
        return { exitStatus: process.exitStatus, exitedAt: process.exitedAt };
      },
      stats: ({ id }) => this.#stats(id),
      connect: ({ id }) => ({ shimPid: process.pid, taskPid: this.#tasks.get(id)?.init.pid ?? 0 }),
      shutdown: () => {
        // Also asked after each container's deletion.
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
    if (this.#tasks.has(id)) {
      throw new TtrpcError(Code.alreadyExists, `Task "${id}" exists already`);
    }
    if (this.#tasks.size >= MAX_TASKS) {
      throw new TtrpcError(Code.resourceExhausted, `The sandbox has ${MAX_TASKS} tasks, which is the limit`);
    }
    if (request.checkpoint !== '') {
      throw new TtrpcError(Code.unimplemented, 'Restoring from a checkpoint is not supported');
    }
    const spec = parseSpec(readFileSync(join(bundle, 'config.json'), 'utf8'));
    const { kind, cgroupParent, networkNamespacePath } = describeBundle(spec);
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
    // Taken at once: a second call with this id must not start a second one.
    this.#tasks.set(id, task);
    try {
      this.#options.onCreate(bundle);
      if (kind !== 'container' && this.#sandbox === undefined) {
        const { startSandbox } = this.#options;
        this.#adopt(
          await startSandbox({
            id,
            hostname: spec.hostname,
            annotations: spec.annotations,
            cgroupParent,
            networkNamespacePath,
          }),
        );
      }
      const sandbox = this.#alive();
      if (!task.isPod) {
        await this.#createContainer(sandbox, task.init, spec, rootfs);
      }
      task.init.pid = sandbox.pid;
    } catch (error) {
      this.#tasks.delete(id);
      task.init.closeStreams();
      if (kind !== 'container' && this.#tasks.size === 0) {
        await this.#sandbox
          ?.stop('It could not be used')
          .catch((later: unknown) => this.#options.log.error(String(later)));
        this.#sandbox = undefined;
      }
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
      // From now on: what was made and never started can be killed too.
      void this.#watch(task.init, id);
    }
    return { pid };
  }

  async #createContainer(
    sandbox: Sandbox,
    init: TaskProcess,
    spec: ReturnType<typeof parseSpec>,
    rootfs: CreateTaskRequest['rootfs'],
  ): Promise<void> {
    const { containerId, hasTerminal } = init.options;
    init.openOutputs();
    try {
      const oci = await prepareForGuest(spec, {
        containerId,
        hasTerminal,
        rootPath: await sandbox.files.addRoot(containerId, rootfs),
        share: (mount) => sandbox.files.addMount(containerId, mount),
      });
      await sandbox.agent.call('createContainer', { containerId, execId: containerId, oci });
      sandbox.addContainer(containerId);
    } catch (error) {
      try {
        sandbox.files.remove(containerId);
      } catch (later) {
        this.#options.log.error(`Cannot clean up: ${String(later)}`);
      }
      throw error;
    }
  }

  async #start(id: string) {
    const { init, isPod } = this.#find(id);
    init.expect(TaskStatus.CREATED, 'start');
    if (!isPod) {
      const { agent } = this.#alive();
      init.pumpStreams(agent);
      const starting = agent.call('startContainer', { containerId: id });
      init.starting = starting.catch(() => undefined);
      await starting;
    }
    init.status = TaskStatus.RUNNING;
    this.#options.events.publish('/tasks/start', TaskStartSchema, { containerId: id, pid: init.pid });
    return { pid: init.pid };
  }

  async #exec({ id, execId, terminal, stdin, stdout, stderr, spec }: ExecProcessRequest) {
    const { init, execs } = this.#find(id);
    if (execs.has(execId)) {
      throw new TtrpcError(Code.alreadyExists, `Process "${execId}" of task "${id}" exists already`);
    }
    if (execs.size >= MAX_EXECS) {
      throw new TtrpcError(Code.resourceExhausted, `Task "${id}" has ${MAX_EXECS} processes, which is the limit`);
    }
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
    const { init, execs } = this.#find(id);
    const { process, spec } = execs.get(execId) ?? notFound(`process "${execId}" of task "${id}"`);
    process.expect(TaskStatus.CREATED, 'start');
    const { agent, pid } = this.#alive();
    init.expect(TaskStatus.RUNNING, 'start a process in it');
    process.openOutputs();
    try {
      await agent.call('execProcess', { containerId: id, execId, process: spec });
    } catch (error) {
      process.closeStreams();
      throw error;
    }
    process.pid = pid;
    process.status = TaskStatus.RUNNING;
    this.#options.events.publish('/tasks/exec-started', TaskExecStartedSchema, { containerId: id, execId, pid });
    void this.#watch(process, execId);
    try {
      process.pumpStreams(agent);
    } catch (error) {
      // It runs, and nothing can be said to it.
      await agent.call('signalProcess', { containerId: id, execId, signal: SIGKILL }).catch(() => undefined);
      throw error;
    }
    return { pid };
  }

  /** Waits for the end of a process in the guest, or of the guest. */
  async #watch(process: TaskProcess, eventId: string): Promise<void> {
    const { containerId, execId } = process.options;
    const sandbox = this.#alive();
    const status = await Promise.race([
      sandbox.agent.wait('waitProcess', { containerId, execId: execId || containerId }).then(
        (response) => response.status,
        async (error: unknown) => {
          this.#options.log.warn(`Cannot wait for "${eventId}": ${String(error)}`);
          await Promise.race([sandbox.ended, sleep(LOST_GRACE_MS)]);
          return LOST_STATUS;
        },
      ),
      sandbox.ended.then(() => LOST_STATUS),
    ]);
    await process.starting;
    await process.finish(status);
    this.#publishExit(process, eventId);
  }

  #publishExit(process: TaskProcess, id: string): void {
    const { pid, exitStatus, exitedAt } = process;
    const { containerId } = process.options;
    this.#options.events.publish('/tasks/exit', TaskExitSchema, { containerId, id, pid, exitStatus, exitedAt });
  }

  async #kill(id: string, execId: string, signal: number, isForAll: boolean) {
    const task = this.#find(id);
    const process = this.#findProcess(id, execId);
    if (process.isStopped) {
      throw new TtrpcError(Code.notFound, 'process already finished: not found');
    }
    if (task.isPod) {
      // The pod's own process is the guest.
      void this.#stopPod(process, signal);
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
      this.#publishExit(pod, pod.options.containerId);
    }
  }

  async #delete(id: string) {
    const { init, isPod, execs } = this.#find(id);
    if (init.status === TaskStatus.RUNNING || init.status === TaskStatus.PAUSED) {
      init.expect(TaskStatus.STOPPED, 'delete');
    }
    if (!isPod) {
      await this.#removeContainer(id);
    }
    await init.drain();
    for (const process of [init, ...[...execs.values()].map((exec) => exec.process)]) {
      process.closeStreams();
    }
    this.#tasks.delete(id);
    if (this.isIdle) {
      await this.#sandbox?.stop('Its last task was deleted');
    }
    const { pid, exitStatus, exitedAt } = init;
    this.#options.events.publish('/tasks/delete', TaskDeleteSchema, { containerId: id, pid, exitStatus, exitedAt });
    return { pid, exitStatus, exitedAt };
  }

  async #removeContainer(id: string): Promise<void> {
    const sandbox = this.#sandbox;
    if (sandbox === undefined) {
      return;
    }
    if (sandbox.endReason === undefined) {
      await sandbox.agent
        .call('removeContainer', { containerId: id }, REMOVE_TIMEOUT_MS)
        .catch((error: unknown) => this.#options.log.warn(`Cannot remove "${id}" in the guest: ${String(error)}`));
    }
    sandbox.removeContainer(id);
  }

  async #deleteExec(id: string, execId: string) {
    const { execs } = this.#find(id);
    const { process } = execs.get(execId) ?? notFound(`process "${execId}" of task "${id}"`);
    if (process.status === TaskStatus.RUNNING) {
      process.expect(TaskStatus.STOPPED, 'delete');
    }
    await process.drain();
    process.closeStreams();
    execs.delete(execId);
    const { pid, exitStatus, exitedAt } = process;
    return { pid, exitStatus, exitedAt };
  }

  async #pause(id: string) {
    const { init } = this.#find(id);
    init.expect(TaskStatus.RUNNING, 'pause');
    await this.#alive().agent.call('pauseContainer', { containerId: id });
    init.status = TaskStatus.PAUSED;
    this.#options.events.publish('/tasks/paused', TaskPausedSchema, { containerId: id });
    return {};
  }

  async #resume(id: string) {
    const { init } = this.#find(id);
    init.expect(TaskStatus.PAUSED, 'resume');
    await this.#alive().agent.call('resumeContainer', { containerId: id });
    init.status = TaskStatus.RUNNING;
    this.#options.events.publish('/tasks/resumed', TaskResumedSchema, { containerId: id });
    return {};
  }

  async #update(id: string, resources: Uint8Array | undefined) {
    const { isPod } = this.#find(id);
    const parsed = parseResources(Buffer.from(resources ?? []).toString());
    // The size of the guest does not change.
    if (!isPod) {
      await this.#alive().agent.call('updateContainer', { containerId: id, resources: parsed });
    }
    return {};
  }

  async #stats(id: string) {
    const { isPod } = this.#find(id);
    const sandbox = this.#alive();
    if (isPod) {
      return { stats: toMetricsAny({ $typeName: 'grpc.StatsContainerResponse', networkStats: [] }) };
    }
    return { stats: toMetricsAny(await sandbox.agent.statsContainer(id)) };
  }

  #adopt(sandbox: Sandbox): void {
    this.#sandbox = sandbox;
    void this.#watchOom(sandbox);
    void sandbox.ended.then(async (reason) => {
      if (sandbox.isStopping) {
        return;
      }
      this.#options.log.error(`Sandbox "${sandbox.id}" has ended: ${reason}`);
      await sandbox
        .stop(reason)
        .catch((error: unknown) => this.#options.log.error(`Cannot clean up: ${String(error)}`));
      for (const { init, isPod } of this.#tasks.values()) {
        if (isPod && !init.isStopped) {
          init.stop(LOST_STATUS);
          this.#publishExit(init, init.options.containerId);
        }
      }
    });
  }

  /** Ids are checked: a guest can only speak of its own containers. */
  async #watchOom(sandbox: Sandbox): Promise<void> {
    try {
      for (;;) {
        const { containerId } = await sandbox.agent.wait('getOOMEvent', {});
        if (this.#tasks.get(containerId)?.init.status === TaskStatus.RUNNING) {
          this.#options.events.publish('/tasks/oom', TaskOOMSchema, { containerId });
        }
      }
    } catch (error) {
      this.#options.log.debug(`No more memory events: ${String(error)}`);
    }
  }

  #find(id: string): Task {
    return this.#tasks.get(id) ?? notFound(`task "${id}"`);
  }

  #findProcess(id: string, execId: string): TaskProcess {
    const { init, execs } = this.#find(id);
    return execId === '' ? init : (execs.get(execId)?.process ?? notFound(`process "${execId}" of task "${id}"`));
  }

  /** Throws UNAVAILABLE, with the reason, when the guest is gone. */
  #alive(): Sandbox {
    if (this.#sandbox === undefined) {
      throw new TtrpcError(Code.failedPrecondition, 'There is no sandbox');
    }
    this.#sandbox.expectAlive();
    return this.#sandbox;
  }

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

function notFound(what: string): never {
  throw new TtrpcError(Code.notFound, `${what}: not found`);
}
