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
  /** The first line that it printed: where it listens. */
  readonly firstLine: string;

  private constructor(child: ChildProcess, firstLine: string) {
    this.#child = child;
    this.firstLine = firstLine;
  }

  /** Starts `node script …args` and waits for its first line on standard output or, where it logs there, standard error. */
  static async start(script: string, args: readonly string[]): Promise<ProcessUnderTest> {
    const child = spawn(process.execPath, [script, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    const output = createInterface({ input: child.stdout! });
    const errors = createInterface({ input: child.stderr! });
    const [line] = await Promise.race([once(output, 'line'), once(errors, 'line')]);
    return new ProcessUnderTest(child, String(line));
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
    const exited = once(this.#child, 'exit');
    this.#child.stdin?.end();
    this.#child.kill('SIGTERM');
    await exited;
  }
}

function readRunNs(path: string): number {
  return Number(readFileSync(path, 'utf8').split(' ', 1)[0]);
}
