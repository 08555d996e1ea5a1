/**
 * Removes what a shim that was killed has left: processes, mounts, files. Called by `delete`, which containerd runs for
 * each task of a shim that is gone, also after one that has ended normally, when there is nothing to remove.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { removeMountPoints, unmountAllBelow } from './mounts.ts';
import { readSandboxRecord } from './sandbox-record.ts';

/** A killed process is gone within moments; containerd waits 5 s. */
const END_TIMEOUT_MS = 3_000;
const LOOK_MS = 10;

/** @throws {Error} that names what remains. */
export function cleanUpAfterShim(bundlePath: string): void {
  const record = readSandboxRecord(bundlePath);
  if (record === undefined || isAlive(record.shimPid, record.socketPath)) {
    return;
  }
  const { sandboxPath, socketPath, guardName } = record;
  endAll(sandboxPath, guardName);
  unmountAllBelow(sandboxPath);
  removeMountPoints(sandboxPath);
  rmSync(socketPath, { force: true });
}

/** Whether the process is still the one with this socket, because its PID may belong to another process by now. */
function isAlive(pid: number, socketPath: string): boolean {
  return readCommandLine(pid).includes(socketPath);
}

/**
 * The guard is not killed: it removes the cgroups, once the last process has left them, and ends by itself. One that takes
 * longer than we may goes on after us.
 */
function endAll(marker: string, guardName: string): void {
  const deadlineMs = performance.now() + END_TIMEOUT_MS;
  for (;;) {
    const marked = listMarked(marker);
    const pids = marked.filter((pid) => !readCommandLine(pid).split('\0').includes(guardName));
    if (marked.length === 0) {
      return;
    }
    if (performance.now() > deadlineMs) {
      if (pids.length === 0) {
        return;
      }
      throw new Error(`Processes ${pids.join(', ')} of the sandbox did not end within ${END_TIMEOUT_MS} ms`);
    }
    for (const pid of pids) {
      kill(pid);
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_MS);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Ended meanwhile.
  }
}

/** QEMU, virtiofsd and the guard have a path below the sandbox's directory on their command lines. */
function listMarked(marker: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && readCommandLine(pid).includes(`${marker}/`));
}

function readCommandLine(pid: number): string {
  try {
    return readFileSync(join('/proc', String(pid), 'cmdline'), 'utf8');
  } catch {
    return '';
  }
}
