/**
 * Sandboxes that `up` starts if the node has none: one kata-shim each, in a private directory. They are stopped and removed
 * together.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { closeMailbox, mailboxOf } from '../last-words/index.ts';
import { orAborted } from '../program/index.ts';
import { type Guard, startGuard } from '../shim/index.ts';
import { type ChildProgram, endChild, waitUntilReady, watchChild } from './child-program.ts';
import { makePrivateRoot } from './private-root.ts';
import { markRoot } from './running-up.ts';

export interface Fleet {
  /** Directory of the sandboxes. */
  readonly root: string;
  /** Sockets of the debug consoles of the guests that have one. */
  readonly consoles: readonly string[];
  /** Stops all sandboxes and removes the root. May be called more than once. */
  stop(): Promise<void>;
}

export interface FleetOptions {
  readonly count: number;
  /** `kata-shim run` with the options that all sandboxes share. */
  readonly shimCommand: readonly string[];
  /** Called when the directory exists, before any sandbox is started. A failure stops the fleet. */
  readonly onRoot: (root: string) => Promise<void>;
  /** Called when a sandbox ends by itself. */
  readonly onEnd: (message: string) => void;
  /** Stops waiting for the sandboxes. */
  readonly signal: AbortSignal;
}

/** Ids of Kata sandboxes are 64 hexadecimal digits. */
const ID_BYTES = 32;
interface Member extends ChildProgram {
  readonly id: string;
}

/**
 * Resolves when all sandboxes serve metrics. After a rejection no process and no file is left.
 * @throws {CliError} when one does not start
 * @throws the signal's reason if the signal fires first.
 */
export async function startFleet({ count, shimCommand, onRoot, onEnd, signal }: FleetOptions): Promise<Fleet> {
  const root = await makePrivateRoot();
  await markRoot(root);
  const guard = startGuard({ marker: root, leftovers: [root] });
  const members: Member[] = [];
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= stopAll(members, root, guard);
    return stopping;
  };
  try {
    await onRoot(root);
    members.push(...Array.from({ length: count }, () => startMember(root, shimCommand, guard)));
    const serving = members.map((member) =>
      waitUntilReady(member, 'Serving on', `Cannot start sandbox "${member.id}": its shim`),
    );
    await orAborted(Promise.all(serving), signal);
  } catch (error) {
    await stop();
    throw error;
  }
  for (const { id, exited } of members) {
    void exited.then((how) => {
      if (stopping === undefined) {
        onEnd(`Shim of sandbox "${id}" ${how}`);
      }
    });
  }
  const consoles = members.map(({ id }) => join(root, id, 'console.sock')).filter((path) => existsSync(path));
  return { root, consoles, stop };
}

function startMember(root: string, [command = '', ...args]: readonly string[], guard: Guard): Member {
  const id = randomBytes(ID_BYTES).toString('hex');
  const child = spawn(
    command,
    [...args, `--sandbox-id=${id}`, `--root=${root}`],
    // A separate process group: Ctrl-C at the terminal signals only this process, which then stops the shims.
    { stdio: ['ignore', 'ignore', 'pipe'], detached: true },
  );
  if (child.pid !== undefined) {
    guard.watch(child.pid);
  }
  return { id, ...watchChild(child) };
}

async function stopAll(members: readonly Member[], root: string, guard: Guard): Promise<void> {
  // Shims with final values for a monitor have a guard that goes on for a moment.
  closeMailbox(mailboxOf(root));
  await Promise.all(members.map(endChild));
  await rm(root, { recursive: true, force: true });
  await guard.end();
}
