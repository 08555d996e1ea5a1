/**
 * The containers of this guest and their processes, by id. Called by the container service, which handles the messages.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { ID_RULE, isId } from '../../ids/index.ts';
import {
  LinuxNamespaceSchema,
  LinuxPidsSchema,
  type LinuxResources,
  LinuxResourcesSchema,
  type Process,
  ProcessSchema,
  type Spec,
  SpecSchema,
  type Storage,
} from '../../runtime-proto/index.ts';
import type { Libc } from '../../transport/index.ts';
import { Code, TtrpcError } from '../../ttrpc/core.ts';
import { ChildReaper } from './child-reaper.ts';
import { ContainerProcess, type ContainerRuntime } from './container-process.ts';
import { Crun } from './crun.ts';
import { CGROUP_ROOT, mountStorage, unmountStorages } from './guest-sandbox.ts';
import { toOciJson } from './oci-json.ts';
import { openSharedPidNamespace, type SharedPidNamespace } from './shared-pid-namespace.ts';
import { applySysctls } from './sysctls.ts';

export interface GuestContainersOptions {
  readonly libc: Libc;
  /** Path of crun. */
  readonly crunProgram: string;
  /** A directory for bundles and state. */
  readonly statePath: string;
  /** Paths of cgroups by the ids of containers, for statistics and memory events: kept up to date here. */
  readonly cgroups: Map<string, string>;
  /** Resolves when kills for want of memory that have happened are on their way to the host. */
  readonly reportOom: () => Promise<void>;
}

/** Limit of containers: a pod has a few, and more would cost the memory of the guest. */
const MAX_CONTAINERS = 128;
const MAX_PROCESSES = 1024;
const SIGKILL = 9;
const MAX_SIGNAL = 64;
const USUAL_OOM_SCORE = 0n;

interface Container {
  readonly bundlePath: string;
  readonly cgroupPath: string;
  readonly processes: Map<string, ContainerProcess>;
  /** Ids of processes that crun is about to start. */
  readonly starting: Set<string>;
  readonly oomScoreAdj: bigint;
  /** Storages that were mounted for this container alone. */
  readonly storages: readonly Storage[];
}

/** All reject with a TtrpcError: NOT_FOUND for an id that is not known, ALREADY_EXISTS, INVALID_ARGUMENT, or of crun. */
export class GuestContainers {
  /** Limit of processes, including threads, of a container whose specification has none; undefined: no limit. */
  maxProcesses: number | undefined;
  readonly #options: GuestContainersOptions;
  readonly #runtime: ContainerRuntime;
  readonly #containers = new Map<string, Container>();
  /** Made for the first container that shares it. */
  #sharedPids: Promise<SharedPidNamespace> | undefined;

  constructor(options: GuestContainersOptions) {
    this.#options = options;
    const { libc, crunProgram, statePath } = options;
    mkdirSync(statePath, { recursive: true });
    this.#runtime = {
      libc,
      crun: new Crun({ program: crunProgram, statePath }),
      reaper: new ChildReaper(libc),
    };
  }

  /** Mounts `storages` first; they are unmounted when it is removed, or when it cannot be made. */
  async create(
    id: string,
    spec: Spec,
    { storages = [], hasSharedPids = false }: { storages?: readonly Storage[]; hasSharedPids?: boolean } = {},
  ): Promise<void> {
    checkId(id);
    if (this.#containers.has(id)) {
      throw new TtrpcError(Code.alreadyExists, `Container "${id}" exists already`);
    }
    if (this.#containers.size >= MAX_CONTAINERS) {
      throw new TtrpcError(Code.resourceExhausted, `The guest has ${MAX_CONTAINERS} containers, which is the limit`);
    }
    const bundlePath = join(this.#options.statePath, 'bundles', id);
    const cgroupPath = join(CGROUP_ROOT, spec.linux?.cgroupsPath ?? '');
    const oomScoreAdj = spec.process?.oomScoreAdj ?? USUAL_OOM_SCORE;
    limitProcesses(spec, this.maxProcesses);
    const container: Container = {
      bundlePath,
      cgroupPath,
      processes: new Map(),
      starting: new Set(),
      oomScoreAdj,
      storages,
    };
    // Taken before crun runs: another call with this id must not start a second one.
    this.#containers.set(id, container);
    try {
      for (const storage of storages) {
        await mountStorage(storage);
      }
      await this.#prepare(spec, hasSharedPids);
      mkdirSync(bundlePath, { recursive: true });
      writeFileSync(join(bundlePath, 'config.json'), toOciJson(SpecSchema, spec));
      // The guest's root is a ramfs, which pivot_root(2) refuses to leave.
      const args = ['create', '--no-pivot', '--bundle', bundlePath];
      const hasTerminal = spec.process?.terminal ?? false;
      const init = await ContainerProcess.start(this.#runtime, { containerId: id, hasTerminal, oomScoreAdj, args });
      container.processes.set(id, init);
      if (hasSharedPids) {
        // The kernel ends the others with it only in a separate namespace.
        const endAll = init.ended.then(() => this.#signalAll(container, SIGKILL));
        endAll.catch(() => undefined); // Removed meanwhile, with all that was in it.
      }
      this.#options.cgroups.set(id, spec.linux?.cgroupsPath ?? '/');
    } catch (error) {
      this.#containers.delete(id);
      rmSync(bundlePath, { recursive: true, force: true });
      await unmountStorages(storages);
      throw error;
    }
  }

  async start(id: string): Promise<void> {
    this.#find(id);
    await this.#runtime.crun.run(['start', id]);
  }

  async exec(id: string, execId: string, process: Process): Promise<void> {
    const { processes, starting, oomScoreAdj } = this.#find(id);
    checkId(execId);
    const score = process.oomScoreAdj ?? oomScoreAdj;
    if (processes.has(execId) || starting.has(execId)) {
      throw new TtrpcError(Code.alreadyExists, `Process "${execId}" of container "${id}" exists already`);
    }
    if (processes.size + starting.size >= MAX_PROCESSES) {
      throw new TtrpcError(
        Code.resourceExhausted,
        `Container "${id}" has ${MAX_PROCESSES} processes, which is the limit`,
      );
    }
    const path = this.#runtime.crun.newPath('json');
    // Taken before crun runs, as an id of a container is.
    starting.add(execId);
    try {
      writeFileSync(path, toOciJson(ProcessSchema, process));
      const args = ['exec', '--detach', '--process', path];
      const options = { containerId: id, hasTerminal: process.terminal, oomScoreAdj: score, args };
      processes.set(execId, await ContainerProcess.start(this.#runtime, options));
    } finally {
      starting.delete(execId);
      rmSync(path, { force: true });
    }
  }

  /** `execId` empty: every process of the container. */
  signal(id: string, execId: string, signal: number): void {
    if (signal > MAX_SIGNAL) {
      throw new TtrpcError(Code.invalidArgument, `Signal must be from 0 to ${MAX_SIGNAL}, got ${signal}`);
    }
    if (execId === '') {
      this.#signalAll(this.#find(id), signal);
      return;
    }
    const target = this.findProcess(id, execId);
    if (target.isOver) {
      throw new TtrpcError(Code.notFound, `Process "${execId}" of container "${id}" has ended`);
    }
    sendSignal(target.pid, signal);
  }

  /** @throws {TtrpcError} NOT_FOUND also for a process that was dropped: it had exited and everything was reported. */
  findProcess(id: string, execId: string): ContainerProcess {
    const found = this.#find(id).processes.get(execId === '' ? id : execId);
    if (found === undefined) {
      throw new TtrpcError(Code.notFound, `No process "${execId}" in container "${id}"`);
    }
    return found;
  }

  /** Reads its memory events first, so that an OOM event is reported before the exit that it caused. */
  async wait(id: string, execId: string): Promise<number> {
    const process = this.findProcess(id, execId);
    const status = await process.ended;
    await this.#options.reportOom();
    process.isWaitedFor = true;
    return status;
  }

  /** Forgets a process that has ended and whose output was read; the container's first stays until it is removed. */
  forgetFinished(id: string, execId: string): void {
    const processes = this.#containers.get(id)?.processes;
    const process = processes?.get(execId);
    if (execId !== id && process?.isFinished) {
      process.close();
      processes?.delete(execId);
    }
  }

  async update(id: string, resources: LinuxResources): Promise<void> {
    this.#find(id);
    const path = this.#runtime.crun.newPath('json');
    writeFileSync(path, toOciJson(LinuxResourcesSchema, resources));
    try {
      await this.#runtime.crun.run(['update', '--resources', path, id]);
    } finally {
      rmSync(path, { force: true });
    }
  }

  async pause(id: string): Promise<void> {
    this.#find(id);
    await this.#runtime.crun.run(['pause', id]);
  }

  async resume(id: string): Promise<void> {
    this.#find(id);
    await this.#runtime.crun.run(['resume', id]);
  }

  /** Ends the remaining processes. */
  async remove(id: string): Promise<void> {
    const container = this.#find(id);
    await this.#runtime.crun.run(['delete', '--force', id]);
    await container.processes.get(id)?.ended;
    for (const process of container.processes.values()) {
      process.close();
    }
    this.#containers.delete(id);
    this.#options.cgroups.delete(id);
    rmSync(container.bundlePath, { recursive: true, force: true });
    await unmountStorages(container.storages);
  }

  /**
   * Removes all containers. If one cannot be removed, the others still are.
   * @throws {TtrpcError} the first failure.
   */
  async removeAll(): Promise<void> {
    const shared = this.#sharedPids;
    this.#sharedPids = undefined;
    const results = await Promise.allSettled([...this.#containers.keys()].map((id) => this.remove(id)));
    (await shared)?.close();
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) {
      throw failed.reason;
    }
  }

  /**
   * Prepares what containers of the pod share in the namespaces of the guest. A container without a PID namespace in its
   * specification gets a separate one, because hosts omit it.
   */
  async #prepare({ linux }: Spec, hasSharedPids: boolean): Promise<void> {
    if (linux === undefined) {
      return;
    }
    applySysctls(linux.sysctl);
    if (hasSharedPids) {
      this.#sharedPids ??= openSharedPidNamespace();
    }
    const given = linux.namespaces.find(({ type }) => type === 'pid')?.path;
    const path = hasSharedPids ? (await this.#sharedPids)!.path : (given ?? '');
    linux.namespaces = [
      ...linux.namespaces.filter(({ type }) => type !== 'pid'),
      create(LinuxNamespaceSchema, { type: 'pid', path }),
    ];
  }

  #find(id: string): Container {
    const found = this.#containers.get(id);
    if (found === undefined) {
      throw new TtrpcError(Code.notFound, `No container "${id}"`);
    }
    return found;
  }

  #signalAll({ cgroupPath }: Container, signal: number): void {
    if (signal === SIGKILL) {
      writeFileSync(join(cgroupPath, 'cgroup.kill'), '1');
      return;
    }
    for (const pid of readFileSync(join(cgroupPath, 'cgroup.procs'), 'utf8').split('\n')) {
      if (pid !== '') {
        sendSignal(Number(pid), signal);
      }
    }
  }
}

/** A limit that is given counts, -1 for none too; 0 is what others write for a missing one. */
function limitProcesses({ linux }: Spec, maxProcesses: number | undefined): void {
  const given = linux?.resources?.pids?.limit ?? 0n;
  if (linux !== undefined && given === 0n && maxProcesses !== undefined) {
    linux.resources ??= create(LinuxResourcesSchema);
    linux.resources.pids = create(LinuxPidsSchema, { limit: BigInt(maxProcesses) });
  }
}

function checkId(id: string): void {
  if (!isId(id)) {
    throw new TtrpcError(Code.invalidArgument, `Id of a container or process must be ${ID_RULE}`);
  }
}

function sendSignal(pid: number, signal: number): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') {
      throw error;
    }
    throw new TtrpcError(Code.notFound, `Process ${pid} has ended`);
  }
}
