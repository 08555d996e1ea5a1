/**
 * Ends processes and removes their files when this process is killed without a chance to do so itself. A small shell waits
 * for the end of a pipe that only we hold; as long as we clean up ourselves, it finds nothing to do. Used over the
 * hypervisor of a sandbox, and by `kata-metrics up` over its shims.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Signals of the terminal are for us. A process is ours when the marker stands in its command line: by then a number may
 * belong to another process. What is left after 5 s is killed. A cgroup goes by rmdir only, for its files cannot be removed,
 * and only when the last process has left it, some time after that has lost its command line. The line `over` leaves the
 * cgroups to us.
 */
const SCRIPT = `trap '' HUP INT TERM
marker=$1
shift
pids=
over=
while read -r line; do
  case $line in over) over=1 ;; *) pids="$pids $line" ;; esac
done
send() {
  found=1
  for pid in $pids; do
    if grep -qsF -- "$marker" "/proc/$pid/cmdline"; then kill -s "$1" "$pid"; found=0; fi
  done
  return $found
}
send TERM
tries=50
while send 0 && [ "$tries" -gt 0 ]; do sleep 0.1; tries=$((tries - 1)); done
send KILL
rm -rf -- "$@" 2>/dev/null
[ -z "$over" ] || exit 0
tries=100
for left in "$@"; do
  while [ -d "$left" ] && ! rmdir -- "$left" 2>/dev/null && [ "$tries" -gt 0 ]; do sleep 0.1; tries=$((tries - 1)); done
done`;

/** Stands in the command line of every guard, by which others know not to end it before its work is done. */
export const GUARD_NAME = 'kata-guard';

export interface GuardOptions {
  /** Stands in the command lines of all processes that are watched, and in no others. */
  readonly marker: string;
  /** Files, directories and cgroups that are removed at the end. */
  readonly leftovers: readonly string[];
}

export interface Guard {
  /** Of the shell; undefined where none could be started. */
  readonly pid: number | undefined;
  watch(pid: number): void;
  /**
   * Lets the shell end what is left, and resolves when it has ended itself. Can be called again.
   * `keepsCgroups`: the caller reads the cgroups and removes them.
   */
  end(options?: { readonly keepsCgroups: boolean }): Promise<void>;
}

export function startGuard({ marker, leftovers }: GuardOptions): Guard {
  const child = spawn('/bin/sh', ['-c', SCRIPT, GUARD_NAME, marker, ...leftovers], {
    // Its own session: it must outlive the terminal.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Without a shell or with a dead one there is no guard, and we still clean up ourselves.
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  const ended = child.pid === undefined ? Promise.resolve() : once(child, 'exit');
  return {
    pid: child.pid,
    watch: (pid) => {
      child.stdin.write(`${pid}\n`);
    },
    end: async ({ keepsCgroups } = { keepsCgroups: false }) => {
      child.stdin.end(keepsCgroups && child.stdin.writable ? 'over\n' : undefined);
      await ended;
    },
  };
}
