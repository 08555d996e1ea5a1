/**
 * Whether processes that a test has started, directly or through a program, are still there.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** Resolves when no process of the group runs; zombies, which are another's to reap, do not count. */
export async function waitForEmptyGroup(pgid: number): Promise<void> {
  await waitUntil(() => !listGroup(pgid).some(({ state }) => state !== 'Z'));
}

/** What is nearly there is seen at once; after that, looking must not take the processor from what is waited for. */
const EAGER_LOOKS = 20;
/** Between two looks of `waitUntil` after those. */
const SHORT_PAUSE_MS = 5;

/** Looks again and again; the test's own time limit ends it. */
export async function waitUntil(isReached: () => boolean | Promise<boolean>): Promise<void> {
  for (let looks = 1; !(await isReached()); looks++) {
    await (looks < EAGER_LOOKS ? new Promise((resolve) => setImmediate(resolve)) : pause(SHORT_PAUSE_MS));
  }
}

/** Between two looks of `waitUntilSlowly`. */
const PAUSE_MS = 200;

/** The same for what takes seconds, and where looking takes from the processor that is waited for. */
export async function waitUntilSlowly(isReached: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isReached())) {
    await pause(PAUSE_MS);
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
