/**
 * The tasks of one sandbox, by the ids that containerd has chosen.
 */
import { ID_RULE, isId } from '../ids/index.ts';
import type { Process } from '../runtime-proto/index.ts';
import { Code, TtrpcError } from '../ttrpc/index.ts';
import type { TaskProcess } from './task-process.ts';

export interface Task {
  /** A pod's own task has nothing in the guest. */
  readonly isPod: boolean;
  readonly init: TaskProcess;
  readonly execs: Map<string, ExecProcess>;
}

export interface ExecProcess {
  readonly process: TaskProcess;
  readonly spec: Process;
}

/** Pods have a few; each has streams and calls under way. */
const MAX_TASKS = 64;
const MAX_EXECS = 256;

export class TaskList {
  readonly #tasks = new Map<string, Task>();

  get size(): number {
    return this.#tasks.size;
  }

  values(): Iterable<Task> {
    return this.#tasks.values();
  }

  /** Undefined: there is none. */
  get(id: string): Task | undefined {
    return this.#tasks.get(id);
  }

  /** @throws TtrpcError INVALID_ARGUMENT, ALREADY_EXISTS or RESOURCE_EXHAUSTED when no task with this id can be added. */
  expectNew(id: string): void {
    checkId('task', id);
    if (this.#tasks.has(id)) {
      throw new TtrpcError(Code.alreadyExists, `Task "${id}" exists already`);
    }
    if (this.#tasks.size >= MAX_TASKS) {
      throw new TtrpcError(Code.resourceExhausted, `The sandbox has ${MAX_TASKS} tasks, which is the limit`);
    }
  }

  add(id: string, task: Task): void {
    this.#tasks.set(id, task);
  }

  delete(id: string): void {
    this.#tasks.delete(id);
  }

  /** @throws TtrpcError NOT_FOUND. */
  find(id: string): Task {
    return this.#tasks.get(id) ?? notFound(`task "${id}"`);
  }

  /**
   * The task's own process when `execId` is empty.
   * @throws TtrpcError NOT_FOUND.
   */
  findProcess(id: string, execId: string): TaskProcess {
    return execId === '' ? this.find(id).init : this.findExec(id, execId).process;
  }

  /** @throws TtrpcError NOT_FOUND. */
  findExec(id: string, execId: string): ExecProcess {
    return this.find(id).execs.get(execId) ?? notFound(`process "${execId}" of task "${id}"`);
  }

  /**
   * @throws TtrpcError INVALID_ARGUMENT, ALREADY_EXISTS or RESOURCE_EXHAUSTED when no process with this id can be added to the
   *   task.
   */
  expectNewExec(id: string, execId: string): void {
    const { execs } = this.find(id);
    checkId('process', execId);
    if (execs.has(execId)) {
      throw new TtrpcError(Code.alreadyExists, `Process "${execId}" of task "${id}" exists already`);
    }
    if (execs.size >= MAX_EXECS) {
      throw new TtrpcError(Code.resourceExhausted, `Task "${id}" has ${MAX_EXECS} processes, which is the limit`);
    }
  }
}

function checkId(what: string, id: string): void {
  if (!isId(id)) {
    const got = JSON.stringify(id.length > 200 ? `${id.slice(0, 200)}...` : id);
    throw new TtrpcError(Code.invalidArgument, `Id of a ${what} must be ${ID_RULE}, got ${got}`);
  }
}

function notFound(what: string): never {
  throw new TtrpcError(Code.notFound, `${what}: not found`);
}
