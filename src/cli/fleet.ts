/**
 * Sandboxes that `up` starts where the node has none: one kata-shim each, in a private directory, ended and removed
 * together.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { CliError } from './cli-error.ts';

export interface Fleet {
  /** Where the sandboxes are. */
  readonly root: string;
  /** Ends all of them and removes the root; may be called again. */
  stop(): Promise<void>;
}

export interface FleetOptions {
  readonly count: number;
  readonly shimCommand: readonly string[];
  /** Told when a sandbox ends by itself. */
  readonly onEnd: (message: string) => void;
}

/** Ids of Kata sandboxes are 64 hexadecimal digits. */
const ID_BYTES = 32;
/** For a shim to end by itself, its children too, before it is killed. */
const STOP_GRACE_MS = 5000;
/** Short, for the path of a socket has room for 107 bytes and an id takes 64 of them. */
const ROOT_PREFIX = 'km-';

/** Of what a sandbox says before it fails to start. */
const MAX_REPORTED_LINES = 10;

interface Member {
  readonly id: string;
  readonly child: ChildProcess;
  readonly exited: Promise<unknown>;
}

/** Resolves when all sandboxes can be asked. @throws {CliError} when one does not start; then nothing is left. */
export async function startFleet({ count, shimCommand, onEnd }: FleetOptions): Promise<Fleet> {
  const root = await mkdtemp(join(tmpdir(), ROOT_PREFIX));
  const members = Array.from({ length: count }, () => startMember(root, shimCommand));
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= stopAll(members, root);
    return stopping;
  };
  try {
    await Promise.all(members.map(waitUntilServing));
  } catch (error) {
    await stop();
    throw error;
  }
  for (const { id, exited } of members) {
    void exited.then(() => {
      if (stopping === undefined) {
        onEnd(`Sandbox "${id}" has ended`);
      }
    });
  }
  return { root, stop };
}

function startMember(root: string, [command = '', ...args]: readonly string[]): Member {
  const id = randomBytes(ID_BYTES).toString('hex');
  const child = spawn(
    command,
    [...args, 'run', `--sandbox-id=${id}`, '--hypervisor=process', `--root=${root}`],
    // A process group of its own: a Ctrl-C at the terminal is for us, and we end it.
    { stdio: ['ignore', 'ignore', 'pipe'], detached: true },
  );
  return { id, child, exited: once(child, 'exit') };
}

async function waitUntilServing({ id, child, exited }: Member): Promise<void> {
  const lines: string[] = [];
  const serving = new Promise<void>((resolve) => {
    createInterface({ input: child.stderr! }).on('line', (line) => {
      if (line.includes('Serving on')) {
        resolve();
      }
      lines.push(line);
      if (lines.length > MAX_REPORTED_LINES) {
        lines.shift();
      }
    });
  });
  const ended = exited.then(() => {
    throw new CliError(`Cannot start sandbox "${id}":\n${lines.join('\n')}`);
  });
  await Promise.race([serving, ended]);
  // From here on its end is no failure to start.
  ended.catch(() => undefined);
}

async function stopAll(members: readonly Member[], root: string): Promise<void> {
  await Promise.all(
    members.map(async ({ child, exited }) => {
      if (child.exitCode !== null || child.signalCode !== null) {
        return;
      }
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS);
      await exited;
      clearTimeout(timer);
    }),
  );
  await rm(root, { recursive: true, force: true });
}
