/**
 * Ends the sandboxes of `up` when `up` itself is killed without a chance to do so. A small shell waits for the end of a
 * pipe that only `up` holds; as long as `up` can clean up by itself, the shell finds nothing to do.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Signals of the terminal are for `up`. A process is ours when the root's name, which is random, stands in its command
 * line: by then a number may belong to another process. What is left after 5 s is killed.
 */
const SCRIPT = `trap '' HUP INT TERM
root=$1
pids=
while read -r pid; do pids="$pids $pid"; done
send() {
  found=1
  for pid in $pids; do
    if grep -qsF -- "$root" "/proc/$pid/cmdline"; then kill -s "$1" "$pid"; found=0; fi
  done
  return $found
}
send TERM
tries=50
while send 0 && [ "$tries" -gt 0 ]; do sleep 0.1; tries=$((tries - 1)); done
send KILL
rm -rf -- "$root"`;

export interface FleetGuard {
  readonly pid: number | undefined;
  /** A process that has the root in its command line. */
  watch(pid: number): void;
  /** Lets the shell end what is left, and resolves when it has ended itself. */
  end(): Promise<void>;
}

export function startFleetGuard(root: string): FleetGuard {
  const child = spawn('/bin/sh', ['-c', SCRIPT, 'kata-metrics-guard', root], {
    // A session of its own: it has to outlive the terminal.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Without a shell or with a dead one there is no guard, and `up` still cleans up by itself.
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  const ended = child.pid === undefined ? Promise.resolve() : once(child, 'exit');
  return {
    pid: child.pid,
    watch: (pid) => {
      child.stdin.write(`${pid}\n`);
    },
    end: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
