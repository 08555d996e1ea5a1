/**
 * Whether processes that a test has started, directly or through a program, are still there.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** Resolves when no process of the group runs; zombies, which are another's to reap, do not count. */
export async function waitForEmptyGroup(pgid: number): Promise<void> {
  await waitUntil(() => !listGroup(pgid).some(({ state }) => state !== 'Z'));
}

/** Between two looks, as a share of the time that has passed: what takes long is not slowed down by many looks. */
const PAUSE_SHARE = 1 / 4;
const MAX_PAUSE_MS = 200;

/**
 * Looks again and again, first almost without a pause and later with longer ones; the test's own time limit ends it. A pause is as long
 * as the look before it at least: looking must not take the processor from what is waited for.
 */
export async function waitUntil(isReached: () => boolean | Promise<boolean>): Promise<void> {
  const startMs = performance.now();
  for (let lookStartMs = startMs; !(await isReached()); lookStartMs = performance.now()) {
    const nowMs = performance.now();
    const pauseMs = Math.min(MAX_PAUSE_MS, Math.max(nowMs - lookStartMs, (nowMs - startMs) * PAUSE_SHARE));
    await (pauseMs < 1 ? new Promise((resolve) => setImmediate(resolve)) : pause(pauseMs));
  }
}

export interface GroupMember {
  readonly pid: number;
  readonly ppid: number;
  readonly state: string;
}

/** Processes of a process group, by /proc. */
export function listGroup(pgid: number): GroupMember[] {
  return listProcesses().filter((process) => process.pgid === pgid);
}

export function listChildren(ppid: number): GroupMember[] {
  return listProcesses().filter((process) => process.ppid === ppid && process.state !== 'Z');
}

function listProcesses(): (GroupMember & { readonly pgid: number })[] {
  return readdirSync('/proc').flatMap((name) => {
    const stat = /^\d+$/.test(name) ? readStat(name) : undefined;
    const [, state, ppid, pgid] = /\) (\w) (\d+) (\d+) /.exec(stat ?? '') ?? [];
    return state === undefined ? [] : [{ pid: Number(name), ppid: Number(ppid), pgid: Number(pgid), state }];
  });
}

function readStat(pid: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    // Ended between the listing and the look.
    return undefined;
  }
}
