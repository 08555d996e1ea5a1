/**
 * One program that is started for a sandbox, without a shell, and watched until it has ended. Used for hypervisors and
 * virtiofsd; restarts nothing.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import type { Duplex } from 'node:stream';
import { findProgram } from '../../program/index.ts';
import type { ChildEnd } from './child-group.ts';

export interface HostProgram {
  readonly pid: number;
  readonly ended: Promise<ChildEnd>;
  /** Connected unix sockets: the program has the other ends as file descriptors 3, 4, … */
  readonly sockets: readonly Duplex[];
  /** The end of its standard error; empty when it wrote nothing. */
  errorText(): string;
  /** Resolves with true when it has ended within the time. */
  endsWithin(ms: number): Promise<boolean>;
  /** Does nothing when it has ended. */
  kill(signal: NodeJS.Signals): void;
}

export interface HostProgramOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly socketCount?: number;
  /**
   * Called with the PID before the program runs, such as to move it into a cgroup, which is charged only for what a process
   * allocates later. A shell waits until then and becomes the program; if this process ends before, it exits.
   */
  readonly beforeItRuns?: (pid: number) => void;
}

const GATE = 'read -r _ && exec "$0" "$@" </dev/null';

/** Characters kept of standard error, which has no other reader. */
const MAX_ERROR_CHARS = 2_000;

/** @throws {Error} that says why, when the program cannot be started. */
export async function startHostProgram({
  command,
  args,
  socketCount = 0,
  beforeItRuns,
}: HostProgramOptions): Promise<HostProgram> {
  const hasGate = beforeItRuns !== undefined;
  let child: ChildProcess;
  try {
    if (hasGate) {
      checkProgram(command);
    }
    child = spawn(hasGate ? '/bin/sh' : command, hasGate ? ['-c', GATE, command, ...args] : args, {
      // Its own process group: a Ctrl-C at the terminal is for the shim, which ends its sandbox in order.
      detached: true,
      // Node makes a pipe of this kind as a pair of connected unix sockets.
      stdio: [
        hasGate ? 'pipe' : 'ignore',
        ...(['ignore', 'pipe'] as const),
        ...Array.from({ length: socketCount }, () => 'pipe' as const),
      ],
    });
    await once(child, 'spawn');
  } catch (error) {
    throw new Error(`Cannot start "${command}": ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  const ended = once(child, 'exit').then(([code, signal]): ChildEnd => ({ code, signal }));
  if (hasGate) {
    // It may be killed while it waits.
    child.stdin?.on('error', () => undefined);
    beforeItRuns(child.pid!);
    child.stdin?.end('\n');
  }
  return {
    pid: child.pid!,
    ended,
    sockets: child.stdio.slice(3) as Duplex[],
    errorText: collectErrorText(child),
    endsWithin: (ms) => endsWithin(ended, ms),
    kill: (signal) => {
      child.kill(signal);
    },
  };
}

/** @throws {Error} the system error, as from `spawn`, which the shell would only write. */
function checkProgram(command: string): void {
  if (command.includes('/')) {
    accessSync(command, constants.X_OK);
  } else if (findProgram(command, process.env['PATH']) === undefined) {
    throw new Error('ENOENT: no such program on the PATH');
  }
}

function collectErrorText(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (piece: string) => {
    text = (text + piece).slice(-MAX_ERROR_CHARS);
  });
  return () => text.trim();
}

async function endsWithin(ended: Promise<unknown>, ms: number): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), ms);
  try {
    return await Promise.race([ended.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
