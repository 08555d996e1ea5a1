/**
 * One process in a container, the first or a later one: started by crun, with pipes or a terminal, until its exit is
 * reported and its output is read.
 */
import { readFileSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { Socket as PipeSocket } from 'node:net';
import { adoptStream, type Libc } from '../../transport/index.ts';
import { Code, TtrpcError } from '../../ttrpc/core.ts';
import type { ChildReaper } from './child-reaper.ts';
import { openConsoleSocket } from './console-socket.ts';
import type { Crun } from './crun.ts';
import { OutputReader } from './output-reader.ts';

export interface ContainerRuntime {
  readonly libc: Libc;
  readonly crun: Crun;
  readonly reaper: ChildReaper;
}

export interface ProcessOptions {
  readonly containerId: string;
  readonly hasTerminal: boolean;
  readonly oomScoreAdj: bigint;
  /** Arguments of crun, `create` or `exec` and its options, without the paths that only this file knows. */
  readonly args: readonly string[];
}

export class ContainerProcess {
  readonly pid: number;
  /** Resolves with the exit code, or 128 and the signal's number. */
  readonly ended: Promise<number>;
  isOver = false;
  /** Whether its exit was reported to the host. */
  isWaitedFor = false;
  readonly #stdin: Socket;
  readonly #stdout: OutputReader;
  readonly #stderr: OutputReader | undefined;
  readonly #terminal: { readonly libc: Libc; descriptor: number | undefined } | undefined;

  private constructor(parts: {
    pid: number;
    ended: Promise<number>;
    stdin: Socket;
    stdout: Socket;
    stderr: Socket | undefined;
    terminal: { libc: Libc; descriptor: number } | undefined;
  }) {
    const { pid, ended, stdin, stdout, stderr, terminal } = parts;
    this.pid = pid;
    this.#stdin = stdin;
    // A process that has closed its input, or ended.
    stdin.on('error', () => undefined);
    this.#stdout = new OutputReader(stdout);
    this.#stderr = stderr && new OutputReader(stderr);
    this.#terminal = terminal;
    this.ended = ended.finally(() => {
      this.isOver = true;
    });
  }

  /**
   * Resolves when crun has made it.
   * @throws {TtrpcError} that has the message of crun.
   */
  static start(runtime: ContainerRuntime, options: ProcessOptions): Promise<ContainerProcess> {
    return options.hasTerminal ? startWithTerminal(runtime, options) : startWithPipes(runtime, options);
  }

  /** Whether its output has ended and everything was reported, so that it can be dropped. */
  get isFinished(): boolean {
    return this.isOver && this.isWaitedFor && this.#stdout.isEndRead && (this.#stderr?.isEndRead ?? true);
  }

  /** Nothing at the end. A terminal has one stream for both. */
  read(stream: 'stdout' | 'stderr', maxBytes: number, signal: AbortSignal): Promise<Buffer> {
    const reader = stream === 'stdout' ? this.#stdout : this.#stderr;
    return reader === undefined ? Promise.resolve(Buffer.alloc(0)) : reader.read(maxBytes, signal);
  }

  /**
   * Resolves when the pipe has taken it.
   * @throws {TtrpcError} when the process takes no input any more.
   */
  write(data: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stdin.write(data, (error) => {
        if (error) {
          reject(new TtrpcError(Code.failedPrecondition, `Cannot write to standard input: ${error.message}`));
        } else {
          resolve();
        }
      });
    });
  }

  /** Closes standard input. Has no effect with a terminal, whose end of input is a character. */
  closeInput(): void {
    if (this.#terminal === undefined) {
      this.#stdin.end();
    }
  }

  /** @throws {TtrpcError} FAILED_PRECONDITION without a terminal. */
  resize(size: { readonly rows: number; readonly columns: number }): void {
    if (this.#terminal?.descriptor === undefined) {
      throw new TtrpcError(Code.failedPrecondition, 'The process has no terminal');
    }
    this.#terminal.libc.resizeTerminal(this.#terminal.descriptor, size);
  }

  /** Closes its streams; output that was not read is lost. */
  close(): void {
    this.#stdin.destroy();
    this.#stdout.close();
    this.#stderr?.close();
    if (this.#terminal?.descriptor !== undefined) {
      this.#terminal.libc.closeDescriptor(this.#terminal.descriptor);
      this.#terminal.descriptor = undefined;
    }
  }

  static async adopt(
    { crun, reaper }: ContainerRuntime,
    { containerId, args }: ProcessOptions,
    run: (args: string[]) => Promise<Streams>,
  ): Promise<ContainerProcess> {
    const pidPath = crun.newPath('pid');
    try {
      const streams = await run([...args, '--pid-file', pidPath, containerId]);
      const pid = Number(readFileSync(pidPath, 'utf8'));
      return new ContainerProcess({ pid, ended: reaper.wait(pid), ...streams });
    } finally {
      rmSync(pidPath, { force: true });
    }
  }
}

interface Streams {
  readonly stdin: Socket;
  readonly stdout: Socket;
  readonly stderr: Socket | undefined;
  readonly terminal: { libc: Libc; descriptor: number } | undefined;
}

/**
 * Pipes of the kernel, and not those of Node.js, which are sockets: /dev/stdout and the like can be opened only where they
 * refer to a pipe.
 */
function startWithPipes(runtime: ContainerRuntime, options: ProcessOptions): Promise<ContainerProcess> {
  const { libc, crun } = runtime;
  return ContainerProcess.adopt(runtime, options, async (args) => {
    const pipes = [libc.openPipe(), libc.openPipe(), libc.openPipe()] as const;
    const [[inputRead, inputWrite], [outputRead, outputWrite], [errorRead, errorWrite]] = pipes;
    try {
      await crun.run(args, {
        stdio: [inputRead, outputWrite, errorWrite],
        oomScoreAdj: options.oomScoreAdj,
      });
    } catch (error) {
      for (const descriptor of [inputWrite, outputRead, errorRead]) {
        libc.closeDescriptor(descriptor);
      }
      throw error;
    } finally {
      for (const descriptor of [inputRead, outputWrite, errorWrite]) {
        libc.closeDescriptor(descriptor);
      }
    }
    return {
      // Read from, the write end of a pipe fails with EBADF.
      stdin: new PipeSocket({ fd: inputWrite, readable: false, writable: true }),
      stdout: new PipeSocket({ fd: outputRead, readable: true, writable: false }),
      stderr: new PipeSocket({ fd: errorRead, readable: true, writable: false }),
      terminal: undefined,
    };
  });
}

function startWithTerminal(runtime: ContainerRuntime, options: ProcessOptions): Promise<ContainerProcess> {
  const { libc, crun } = runtime;
  return ContainerProcess.adopt(runtime, options, async (args) => {
    const console = openConsoleSocket(libc, crun.newPath('tty'));
    try {
      // Its options come before the id, which is the last.
      await crun.run([...args.slice(0, -1), '--console-socket', console.path, args.at(-1)!], {
        oomScoreAdj: options.oomScoreAdj,
      });
      const master = console.take();
      const descriptor = libc.duplicateDescriptor(master);
      const stream = adoptStream(libc, master);
      return { stdin: stream, stdout: stream, stderr: undefined, terminal: { libc, descriptor } };
    } finally {
      console.close();
    }
  });
}
