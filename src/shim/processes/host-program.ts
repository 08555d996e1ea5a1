/**
 * One program that is started for a sandbox, without a shell, and watched until it has ended. Used for hypervisors and
 * virtiofsd; restarts nothing.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
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
}

/** Characters kept of standard error, which has no other reader. */
const MAX_ERROR_CHARS = 2_000;

/** @throws {Error} that says why, when the program cannot be started. */
export async function startHostProgram({ command, args, socketCount = 0 }: HostProgramOptions): Promise<HostProgram> {
  const child = spawn(command, args, {
    // Its own process group: a Ctrl-C at the terminal is for the shim, which ends its sandbox in order.
    detached: true,
    // Node makes a pipe of this kind as a pair of connected unix sockets.
    stdio: ['ignore', 'ignore', 'pipe', ...Array.from({ length: socketCount }, () => 'pipe' as const)],
  });
  try {
    await once(child, 'spawn');
  } catch (error) {
    throw new Error(`Cannot start "${command}": ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  const ended = once(child, 'exit').then(([code, signal]): ChildEnd => ({ code, signal }));
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
