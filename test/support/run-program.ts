/**
 * Runs one of our programs as its own process, from its source, and reads what it writes. Used by end to end and
 * system tests; what is not ended by the test is ended by `stop`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

export interface ProgramEnd {
  /** Undefined when a signal ended it. */
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningProgram {
  readonly child: ChildProcess;
  /** Resolves when it has ended and all of its output is there. */
  readonly ended: Promise<ProgramEnd>;
  /** The first line of standard error that `pick` gives something for. Rejects when the program ends before. */
  waitForLine<T>(pick: (line: string) => T | undefined): Promise<T>;
  /** Sends SIGTERM, if it still runs, and waits for its end. */
  stop(): Promise<ProgramEnd>;
}

const binFolder = join(import.meta.dirname, '../../src/bin');

/** `name` as in package.json, such as `kata-monitor`. */
export function runProgram(name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): RunningProgram {
  return runCommand([...programCommand(name), ...args], env);
}

/** The words that start one of our programs from its source. */
export function programCommand(name: string): [string, ...string[]] {
  return [process.execPath, join(binFolder, `${name}.ts`)];
}

/** Any program, by its path or its name. */
export function runCommand(
  [file, ...args]: readonly [string, ...string[]],
  env: NodeJS.ProcessEnv = {},
): RunningProgram {
  const child = spawn(file, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    // What the tests read of the log is easier to read from JSON.
    env: { KATA_MONITOR_LOG_FORMAT: 'json', ...process.env, ...env },
  });
  let stdout = '';
  let stderr = '';
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const resolve of waiting) {
      resolve();
    }
    waiting.clear();
  };
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    stdout += piece;
  });
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    stderr += piece;
    wake();
  });
  /** Its output is complete, which comes after its exit. */
  let isOver = false;
  const ended = new Promise<ProgramEnd>((resolve, reject) => {
    child.once('error', (error) => {
      isOver = true;
      reject(error);
      wake();
    });
    child.once('close', (code, signal) => {
      isOver = true;
      resolve({ code: code ?? undefined, signal: signal ?? undefined, stdout, stderr });
      wake();
    });
  });
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;
  return {
    child,
    ended,
    waitForLine: async (pick) => {
      for (;;) {
        for (const line of stderr.split('\n').slice(0, -1)) {
          const picked = pick(line);
          if (picked !== undefined) {
            return picked;
          }
        }
        if (isOver) {
          throw new Error(`Program "${[file, ...args].join(' ')}" ended before the line came: ${(await ended).stderr}`);
        }
        await new Promise<void>((resolve) => waiting.add(resolve));
      }
    },
    stop: () => {
      if (isRunning()) {
        child.kill('SIGTERM');
      }
      return ended;
    },
  };
}

/** For `waitForLine`: the address in the log line that says where a program listens, as JSON or as text. */
export function pickUrl(line: string): string | undefined {
  return /\burl"?[:=]"(http[^"]+)"/.exec(line)?.[1];
}
