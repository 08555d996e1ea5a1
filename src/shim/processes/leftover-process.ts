/**
 * Removes what an earlier shim of a sandbox has left if that shim and its guard were both killed: the hypervisor and its
 * files. Called before a new one is started, when it is known that no other shim lives.
 */
import { readFile, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../program/index.ts';

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

/** Paths of the files of a hypervisor in the directory of its sandbox, which it has in its command line. */
export interface HypervisorFiles {
  readonly pidFile: string;
}

/** `directoryPath`: of the sandbox. Rejects when the process of an earlier shim does not end. */
export async function clearLeftovers(
  files: HypervisorFiles,
  directoryPath: string,
  log: Pick<Log, 'warn'>,
): Promise<void> {
  if (await endLeftoverProcess(files.pidFile, directoryPath)) {
    log.warn('Ended the virtual machine of an earlier shim of this sandbox');
  }
  await removeFiles(files);
}

export async function removeFiles(files: HypervisorFiles): Promise<void> {
  await Promise.all(Object.values(files).map((path: string) => rm(path, { force: true })));
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
