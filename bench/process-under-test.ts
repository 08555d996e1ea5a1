/**
 * A program that the bench measures from outside: started as its own process, its CPU time and memory read in /proc.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { readCpuMs } from './process-meter.ts';

export interface ProcessStart {
  /** Of the line that says that it is ready. */
  readonly ready?: string;
  readonly nodeOptions?: readonly string[];
  /** A shell command that ends with `exec "$@"`, which runs the program. */
  readonly shellCommand?: string | undefined;
}

export class ProcessUnderTest {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  /** What it printed until it was ready. */
  readonly printed: readonly string[];

  private constructor(child: ChildProcess, exited: Promise<unknown>, printed: readonly string[]) {
    this.#child = child;
    this.#exited = exited;
    this.printed = printed;
  }

  /**
   * Starts `node …nodeOptions script …args` and waits for the first line with `ready` in it, on standard output or error.
   */
  static async start(
    script: string,
    args: readonly string[],
    { ready = '', nodeOptions = [], shellCommand }: ProcessStart = {},
  ): Promise<ProcessUnderTest> {
    const command = [process.execPath, ...nodeOptions, script, ...args];
    const [file = '', ...rest] = shellCommand === undefined ? command : ['sh', '-c', shellCommand, 'sh', ...command];
    const child = spawn(file, rest, { stdio: ['pipe', 'pipe', 'pipe'] });
    const exited = once(child, 'exit');
    const printed: string[] = [];
    let isReady = false;
    await new Promise<void>((resolve, reject) => {
      const take = (line: string): void => {
        if (isReady) {
          return;
        }
        printed.push(line);
        isReady = line.includes(ready);
        if (isReady) {
          resolve();
        }
      };
      createInterface({ input: child.stdout! }).on('line', take);
      createInterface({ input: child.stderr! }).on('line', take);
      void exited.then(() => reject(new Error(`Cannot start ${script}: it ended\n${printed.join('\n')}`)));
    });
    return new ProcessUnderTest(child, exited, printed);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** The line by which it said that it was ready. */
  get readyLine(): string {
    return this.printed.at(-1)!;
  }

  /** CPU time of all its threads since their start, in milliseconds, as the scheduler counts it. */
  cpuMs(): number {
    return readCpuMs(this.pid);
  }

  /** The most memory that was ever resident, in MiB. */
  peakMiB(): number {
    return this.#readMiB('VmHWM');
  }

  /** Resident memory, in MiB. */
  residentMiB(): number {
    return this.#readMiB('VmRSS');
  }

  /** What its open descriptors lead to, such as `socket:[1234]`: proc_pid_fd(5). */
  descriptors(): string[] {
    const folder = `/proc/${this.#child.pid}/fd`;
    return readdirSync(folder).flatMap((fd) => {
      try {
        return [readlinkSync(`${folder}/${fd}`)];
      } catch {
        return []; // closed between the listing and the look
      }
    });
  }

  async stop(): Promise<void> {
    this.#child.stdin?.end();
    this.#child.kill('SIGTERM');
    await this.#exited;
  }

  #readMiB(field: 'VmHWM' | 'VmRSS'): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
  }
}
