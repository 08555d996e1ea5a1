/**
 * Ends the hypervisor that an earlier shim of a sandbox has left, where that shim and its guard were both killed. Called
 * before a new one is started, when it is known that no other shim lives.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** A killed process is gone within moments; one that remains is in uninterruptible sleep and cannot be ended. */
const END_TIMEOUT_MS = 5_000;
const LOOK_MS = 10;

/**
 * `marker` stands in the process's command line, or it is another process that has the number since. Returns whether there
 * was one. Rejects when it does not end.
 */
export async function endLeftoverProcess(pidFilePath: string, marker: string): Promise<boolean> {
  const pid = await readPid(pidFilePath);
  if (pid === undefined || !(await isMarked(pid, marker))) {
    return false;
  }
  process.kill(pid, 'SIGKILL');
  const deadlineMs = performance.now() + END_TIMEOUT_MS;
  while (await isMarked(pid, marker)) {
    if (performance.now() > deadlineMs) {
      throw new Error(`Cannot start over: process ${pid} of an earlier shim did not end within ${END_TIMEOUT_MS} ms`);
    }
    await sleep(LOOK_MS);
  }
  return true;
}

async function readPid(path: string): Promise<number | undefined> {
  const text = await readOrNothing(path);
  return /^\d{1,10}\n?$/.test(text) ? Number(text) : undefined;
}

/** False when it has ended: then it has no command line. */
async function isMarked(pid: number, marker: string): Promise<boolean> {
  return (await readOrNothing(`/proc/${pid}/cmdline`)).includes(marker);
}

async function readOrNothing(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') {
      return '';
    }
    throw error;
  }
}
