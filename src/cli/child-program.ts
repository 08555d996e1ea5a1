/**
 * A program that `up` starts and ends with itself: the shim of a sandbox, Prometheus.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { CliError } from './cli-error.ts';

export interface ChildProgram {
  /** The child; its standard error is a pipe. */
  readonly child: ChildProcess;
  /** Resolves with a description of the exit. */
  readonly exited: Promise<string>;
}

/** Time for it to stop itself (a shim allows a virtual machine 5 s, Prometheus writes what it has in memory) before it is killed. */
const STOP_GRACE_MS = 8000;
/** Lines of its log to report when it does not start. */
const MAX_REPORTED_LINES = 10;

/** Watches a child. Must be called directly after the child was started. */
export function watchChild(child: ChildProcess): ChildProgram {
  return { child, exited: waitForExit(child) };
}

async function waitForExit(child: ChildProcess): Promise<string> {
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
  } catch (error) {
    return `could not be run: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/**
 * Resolves when a line of its log has `ready` in it. Reads its log to the end of the process, so that it never waits for a
 * reader.
 * @throws {CliError} that begins with `failure` and has the end of its log, when it exits before
 */
export async function waitUntilReady({ child, exited }: ChildProgram, ready: string, failure: string): Promise<void> {
  const lines: string[] = [];
  const isReady = new Promise<void>((resolve) => {
    createInterface({ input: child.stderr! }).on('line', (line) => {
      if (line.includes(ready)) {
        resolve();
      }
      lines.push(line);
      if (lines.length > MAX_REPORTED_LINES) {
        lines.shift();
      }
    });
  });
  const ended = exited.then((how) => {
    throw new CliError(`${failure} ${how}\n${lines.join('\n')}`.trimEnd());
  });
  // An exit after the start is not a failure to start.
  ended.catch(() => undefined);
  await Promise.race([isReady, ended]);
}

/** Ends a child by SIGTERM, and by SIGKILL after 8 s. Resolves when it has exited. */
export async function endChild({ child, exited }: ChildProgram): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
    return;
  }
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS);
  await exited;
  clearTimeout(timer);
}
