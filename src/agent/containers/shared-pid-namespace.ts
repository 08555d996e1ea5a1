/**
 * A PID namespace that the containers of a pod share. Its first process reaps processes whose parent has ended, and keeps
 * the namespace alive.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Code, TtrpcError } from '../../ttrpc/core.ts';
import { leaveToNode } from './child-reaper.ts';

const BUSYBOX_PATH = '/bin/busybox';
/** A shell reaps every child while it waits for one. Says when it runs. */
const FIRST_PROCESS = `echo ready; while :; do ${BUSYBOX_PATH} sleep 2147483647; done`;

export interface SharedPidNamespace {
  /** Path of the namespace, for setns(2). */
  readonly path: string;
  /** Kills all processes in it. */
  close(): void;
}

/** @throws {TtrpcError} */
export async function openSharedPidNamespace(): Promise<SharedPidNamespace> {
  const child = spawn(BUSYBOX_PATH, ['unshare', '-p', '-f', BUSYBOX_PATH, 'sh', '-c', FIRST_PROCESS], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  leaveToNode(child);
  const failed = once(child, 'close').then(([code]) => {
    throw new TtrpcError(Code.internal, `Cannot create a PID namespace: busybox ended with code ${code}`);
  });
  failed.catch(() => undefined);
  await Promise.race([once(child.stdout, 'data'), failed]);
  const pid = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim());
  return {
    path: `/proc/${pid}/ns/pid`,
    close: () => {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended already.
      }
    },
  };
}
