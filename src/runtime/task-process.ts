/**
 * One process as containerd sees it: the pod, a container's first process, or an exec. A state machine from created to
 * stopped, with its streams.
 */
import { type Timestamp, timestampNow } from '@bufbuild/protobuf/wkt';
import type { Log } from '../program/index.ts';
import { type StateResponse, TaskStatus } from '../runtime-proto/index.ts';
import { Code, TtrpcError } from '../ttrpc/index.ts';
import type { AgentClient } from './agent-client.ts';
import { pumpInput } from './input-pump.ts';
import { OutputPump } from './output-pump.ts';
import { type Input, openInput, openOutput, type StdioPaths } from './stdio.ts';

export interface TaskProcessOptions {
  readonly containerId: string;
  /** Empty for the first process. */
  readonly execId: string;
  readonly bundlePath: string;
  readonly stdio: StdioPaths;
  readonly hasTerminal: boolean;
  readonly log: Log;
}

/** Time that containerd reads as not set. */
const NOT_YET = { seconds: -62_135_596_800n, nanos: 0 } as const;
/** Status of a process whose end could not be learned, as when the guest is gone. */
export const LOST_STATUS = 255;
const MAX_STATUS = 255;

/**
 * After its end, output of a process is waited for as long as some comes, and this long when none does: a child that was
 * left behind may hold the pipe.
 */
const IDLE_OUTPUT_MS = 1_000;
/** The same, however much comes. */
const MAX_OUTPUT_MS = 60_000;
const LOOK_MS = 50;

export class TaskProcess {
  readonly options: TaskProcessOptions;
  status: TaskStatus = TaskStatus.CREATED;
  /** PID of a process of this host that represents it; 0 until it is started. */
  pid = 0;
  /** Settles when the call that starts it has returned: its end is reported after its start. */
  starting: Promise<unknown> | undefined;
  exitStatus = 0;
  /** Resolves when it has ended and its output was written, as far as it has come. */
  readonly exited: Promise<void>;
  #exitedAt: Timestamp | undefined;
  #resolveExited: () => void = () => undefined;
  #input: Input | undefined;
  #outputs:
    | { readonly stdout: ReturnType<typeof openOutput>; readonly stderr: ReturnType<typeof openOutput> }
    | undefined;
  #pumps: OutputPump[] = [];

  constructor(options: TaskProcessOptions) {
    this.options = options;
    this.exited = new Promise((resolve) => {
      this.#resolveExited = resolve;
    });
  }

  get isStopped(): boolean {
    return this.status === TaskStatus.STOPPED;
  }

  get exitedAt(): Timestamp | typeof NOT_YET {
    return this.#exitedAt ?? NOT_YET;
  }

  /** @throws {TtrpcError} when a FIFO cannot be opened. */
  openOutputs(): void {
    const { stdio, hasTerminal } = this.options;
    try {
      const stdout = openOutput(stdio.stdout);
      this.#outputs = { stdout, stderr: undefined };
      this.#outputs = { stdout, stderr: hasTerminal ? undefined : openOutput(stdio.stderr) };
    } catch (error) {
      this.closeStreams();
      throw error;
    }
  }

  /**
   * Begins to copy: the process is there in the guest, and may be about to write. Its input is opened only now. Until
   * then the client waits: one that has sent everything before its call to create returns would not know yet whom to
   * tell.
   * @throws {TtrpcError} when the FIFO cannot be opened.
   */
  pumpStreams(agent: AgentClient): void {
    const { containerId, execId, stdio, hasTerminal, log } = this.options;
    this.#input = openInput(stdio.stdin);
    const ids = { containerId, execId: execId || containerId };
    const read = (name: 'readStderr' | 'readStdout') => async (len: number) =>
      (await agent.wait(name, { ...ids, len })).data;
    this.#pumps = [new OutputPump({ read: read('readStdout'), output: this.#outputs?.stdout, log })];
    if (!hasTerminal) {
      this.#pumps.push(new OutputPump({ read: read('readStderr'), output: this.#outputs?.stderr, log }));
    }
    if (this.#input === undefined) {
      agent.call('closeStdin', ids).catch((error: unknown) => log.debug(`Cannot close input: ${String(error)}`));
    } else {
      void pumpInput({
        input: this.#input,
        write: async (data) => (await agent.wait('writeStdin', { ...ids, data })).len,
        end: () => agent.call('closeStdin', ids),
        log,
      });
    }
  }

  /** Notes that the client has sent all input. Bytes that are still in the FIFO are copied. */
  closeInput(): void {
    this.#input?.closeWriter();
  }

  /** Notes what a call to the guest has made of it, unless it has exited meanwhile: what has exited never runs again. */
  advance(status: TaskStatus): void {
    if (!this.isStopped) {
      this.status = status;
    }
  }

  /** Marks the process as exited. Resolves when its output was written. Can be called again. */
  async finish(status: number): Promise<void> {
    if (this.isStopped) {
      return;
    }
    const exitedAt = timestampNow();
    await this.drain();
    this.stop(status, exitedAt);
  }

  /** Waits for output that is on its way. */
  async drain(): Promise<void> {
    const all = Promise.all(this.#pumps.map(({ done }) => done)).then(() => true);
    const deadlineMs = performance.now() + MAX_OUTPUT_MS;
    const isIdle = (): boolean =>
      performance.now() > Math.max(...this.#pumps.map(({ lastProgressMs }) => lastProgressMs)) + IDLE_OUTPUT_MS;
    const startMs = performance.now();
    for (;;) {
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const timer = setTimeout(() => resolve(false), LOOK_MS);
      const isDone = await Promise.race([all, promise]);
      clearTimeout(timer);
      const nowMs = performance.now();
      if (isDone || nowMs > deadlineMs || (nowMs > startMs + IDLE_OUTPUT_MS && isIdle())) {
        return;
      }
    }
  }

  /** Marks the process as exited without waiting for its output. */
  stop(status: number, exitedAt: Timestamp = timestampNow()): void {
    if (this.isStopped) {
      return;
    }
    this.status = TaskStatus.STOPPED;
    // The status from the guest is only used as a number.
    this.exitStatus = Number.isInteger(status) && status >= 0 && status <= MAX_STATUS ? status : LOST_STATUS;
    this.#exitedAt = exitedAt;
    this.#input?.close();
    this.#resolveExited();
  }

  /** Closes the streams. Output that was not written is lost. */
  closeStreams(): void {
    this.#input?.close();
    for (const pump of this.#pumps) {
      pump.stop();
    }
    this.#outputs?.stdout?.destroy();
    this.#outputs?.stderr?.destroy();
  }

  describe(): Omit<StateResponse, '$typeName' | 'exitedAt'> & { exitedAt: Timestamp | typeof NOT_YET } {
    const { containerId, execId, bundlePath, stdio, hasTerminal } = this.options;
    return {
      id: execId || containerId,
      bundle: bundlePath,
      pid: this.pid,
      status: this.status,
      ...stdio,
      terminal: hasTerminal,
      exitStatus: this.exitStatus,
      exitedAt: this.exitedAt,
      execId,
    };
  }

  /** @throws {TtrpcError} FAILED_PRECONDITION unless it is in that state. */
  expect(status: TaskStatus, action: string): void {
    if (this.status !== status) {
      const { containerId, execId } = this.options;
      const name = execId === '' ? `Task "${containerId}"` : `Process "${execId}" of task "${containerId}"`;
      throw new TtrpcError(Code.failedPrecondition, `Cannot ${action}: ${name} is ${describeStatus(this.status)}`);
    }
  }
}

function describeStatus(status: TaskStatus): string {
  return (
    Object.entries(TaskStatus)
      .find(([, value]) => value === status)?.[0]
      .toLowerCase() ?? 'unknown'
  );
}
