/**
 * A program that the bench measures from outside: started as a process of its own, its CPU time and memory read in /proc.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const NS_PER_MS = 1e6;

export class ProcessUnderTest {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  /** What it printed when it was ready. */
  readonly readyLine: string;

  private constructor(child: ChildProcess, exited: Promise<unknown>, readyLine: string) {
    this.#child = child;
    this.#exited = exited;
    this.readyLine = readyLine;
  }

  /** Starts `node script …args` and waits for the first line with `ready` in it, on standard output or error. */
  static async start(script: string, args: readonly string[], ready = ''): Promise<ProcessUnderTest> {
    const child = spawn(process.execPath, [script, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    const exited = once(child, 'exit');
    const printed: string[] = [];
    const readyLine = await new Promise<string>((resolve, reject) => {
      const take = (line: string): void => {
        printed.push(line);
        if (line.includes(ready)) {
          resolve(line);
        }
      };
      createInterface({ input: child.stdout! }).on('line', take);
      createInterface({ input: child.stderr! }).on('line', take);
      void exited.then(() => reject(new Error(`Cannot start ${script}: it ended\n${printed.join('\n')}`)));
    });
    return new ProcessUnderTest(child, exited, readyLine);
  }

  /** CPU time of all its threads since their start, in milliseconds, as the scheduler counts it. */
  cpuMs(): number {
    const tasks = `/proc/${this.#child.pid}/task`;
    return readdirSync(tasks).reduce((sum, task) => sum + readRunNs(`${tasks}/${task}/schedstat`) / NS_PER_MS, 0);
  }

  /** The most memory that was ever resident, in MiB. */
  peakMiB(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
  }

  async stop(): Promise<void> {
    this.#child.stdin?.end();
    this.#child.kill('SIGTERM');
    await this.#exited;
  }
}

function readRunNs(path: string): number {
  return Number(readFileSync(path, 'utf8').split(' ', 1)[0]);
}
