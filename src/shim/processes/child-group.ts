/**
 * A child process and everything that it starts, as one process group that ends as a whole: on request, and also when
 * this process is killed without a chance to clean up. Used for the processes of a sandbox without a virtual machine.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * The shell waits for a line before it does anything: by then it is in its cgroup. It becomes the command, so the child's pid is the command's own. Its companion in the group waits for the end of
 * a pipe that only we hold: it is closed by us, or by the kernel when we are gone, and then nothing of the group is left.
 */
const SCRIPT = `exec 3<&0 </dev/null
read -r _ <&3 || exit
(while read -r _ <&3; do :; done; kill -s KILL -- -$$) &
exec 3<&-
eval "exec $1"`;

/** How a group ended: the code of its first process, or the signal. */
export interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Describes an exit, for a sentence that begins with the name of the program. */
export function describeEnd({ code, signal }: ChildEnd): string {
  return signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
}

/** Whether it ended otherwise than by its own decision and well. */
export function isFailedEnd({ code }: ChildEnd): boolean {
  return code !== 0;
}

export interface ChildGroup {
  readonly pid: number;
  /** Resolves when the command itself has ended and the rest of its group has been killed. */
  readonly ended: Promise<ChildEnd>;
  /** SIGTERM to all, and SIGKILL to those who are left after the grace period. Resolves like `ended`. */
  stop(options: { readonly graceMs: number }): Promise<ChildEnd>;
}

/**
 * Starts `command`, one command with its arguments as the shell reads them. Its standard output is dropped, its standard
 * error is ours. Rejects when no shell can be started.
 * @param onProcess called with the pid before the command runs.
 */
export async function startChildGroup(command: string, onProcess?: (pid: number) => void): Promise<ChildGroup> {
  const child = spawn('/bin/sh', ['-c', SCRIPT, 'sh', command], {
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  await once(child, 'spawn');
  const pid = child.pid;
  if (pid === undefined) {
    throw new Error(`Cannot start "${command}": no process`);
  }
  // The companion may be killed while the pipe is open.
  child.stdin.on('error', () => undefined);
  const ended = waitForEnd(child, pid);
  onProcess?.(pid);
  child.stdin.write('\n');
  return {
    pid,
    ended,
    stop: async ({ graceMs }) => {
      signalGroup(pid, 'SIGTERM');
      const timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), graceMs);
      try {
        return await ended;
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

async function waitForEnd(child: ChildProcess, pid: number): Promise<ChildEnd> {
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  signalGroup(pid, 'SIGKILL');
  child.stdin?.destroy();
  return { code, signal };
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // ESRCH: the whole group has ended already, which is what is wanted.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') {
      throw error;
    }
  }
}
