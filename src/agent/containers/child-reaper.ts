/**
 * Waits for processes that crun has left to the agent. libuv waits only for children that Node.js has started. All
 * others, including helpers of crun, are reaped here: as long as one of them is a zombie, its container cannot end.
 */
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Libc } from '../../transport/index.ts';

/** Exit status of a process whose end could not be determined. */
const UNKNOWN_STATUS = 255;
/** Processes that ended before they were waited for: crun says only later which of its children is which. */
const MAX_REMEMBERED = 256;

/** Children of Node.js, which libuv waits for. */
const ownChildren = new Set<number>();

/** Must be called at once for every child that node:child_process starts while a reaper exists. */
export function leaveToNode(child: ChildProcess): void {
  const { pid } = child;
  if (pid !== undefined) {
    ownChildren.add(pid);
    child.once('exit', () => ownChildren.delete(pid));
  }
}

export class ChildReaper {
  readonly #libc: Libc;
  readonly #waiting = new Map<number, (status: number) => void>();
  readonly #remembered = new Map<number, number>();
  readonly #onSignal = (): void => this.#reap();

  /** From now on, processes whose parent has ended become children of this process. */
  constructor(libc: Libc) {
    this.#libc = libc;
    libc.becomeSubreaper();
    process.on('SIGCHLD', this.#onSignal);
  }

  /** Resolves with the exit code, or 128 and the signal's number. */
  wait(pid: number): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    const status = this.#remembered.get(pid);
    if (status !== undefined) {
      this.#remembered.delete(pid);
      return Promise.resolve(status);
    }
    this.#waiting.set(pid, resolve);
    // It may have ended before it was watched.
    this.#reap();
    return promise;
  }

  close(): void {
    process.off('SIGCHLD', this.#onSignal);
  }

  #reap(): void {
    for (const pid of new Set([...this.#waiting.keys(), ...listChildren()])) {
      const status = ownChildren.has(pid) ? undefined : this.#look(pid);
      if (status !== undefined) {
        this.#settle(pid, status);
      }
    }
  }

  #settle(pid: number, status: number): void {
    const resolve = this.#waiting.get(pid);
    if (resolve !== undefined) {
      this.#waiting.delete(pid);
      resolve(status);
      return;
    }
    this.#remembered.delete(pid);
    this.#remembered.set(pid, status);
    if (this.#remembered.size > MAX_REMEMBERED) {
      const [oldest] = this.#remembered.keys();
      this.#remembered.delete(oldest!);
    }
  }

  #look(pid: number): number | undefined {
    try {
      return this.#libc.waitForChild(pid)?.status;
    } catch {
      return UNKNOWN_STATUS;
    }
  }
}

/** Children that were handed to a process are given to its first thread. See proc_pid_task(5). */
function listChildren(): number[] {
  try {
    const text = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8');
    return text
      .split(' ')
      .filter((word) => word !== '')
      .map(Number);
  } catch {
    // A kernel without this file: those that are waited for by name are found all the same.
    return [];
  }
}
