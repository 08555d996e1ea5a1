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
 * and only when the last process has left it, some time after that has lost its command line; what it has counted until then
 * are the last words of the sandbox. The line `over` leaves the cgroups and the words to us. A value of two words is a line of
 * cgroup v2, in microseconds.
 */
const SCRIPT = `trap '' HUP INT TERM
marker=$1 open=$2 words=$3 head=$4 cpu=$5 peak=$6 workload=$7
shift 7
pids= over=
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
value() {
  if [ -r "$1" ] && read -r first second <"$1"; then printf %s "\${second:+\${second}000}"; [ -n "$second" ] || printf %s "$first"; fi
} 2>/dev/null
seconds() {
  if [ -n "$2" ]; then printf '%s"%s":%d.%09d' "$comma" "$1" $(($2 / 1000000000)) $(($2 % 1000000000)); comma=,; fi
}
look() {
  if [ -n "$words" ]; then
    for each in host_ns:"$cpu" workload_ns:"$workload" peak_bytes:"$peak"; do
      number=$(value "\${each#*:}")
      [ -z "$number" ] || eval "\${each%%:*}=$number"
    done
  fi
}
host_ns= workload_ns= peak_bytes= comma=
tries=100
for left in "$@"; do
  while [ -d "$left" ]; do
    look
    rmdir -- "$left" 2>/dev/null && break
    [ "$tries" -gt 0 ] || break
    sleep 0.1
    tries=$((tries - 1))
  done
done
[ -n "$words" ] && [ -e "$open" ] || exit 0
{
  printf '%s,"endedMs":%s000,"values":{' "$head" $(($(date +%s) + 1))
  seconds hostCpuSeconds "$host_ns"
  seconds cpuSeconds "$workload_ns"
  [ -z "$peak_bytes" ] || printf '%s"hostMemoryPeakBytes":%s' "$comma" "$peak_bytes"
  printf '}}'
} >"$words.new" && mv -- "$words.new" "$words"`;

/** Stands in the command line of every guard, by which others know not to end it before its work is done. */
export const GUARD_NAME = 'kata-guard';

export interface GuardOptions {
  /** Stands in the command lines of all processes that are watched, and in no others. */
  readonly marker: string;
  /** Files, directories and cgroups that are removed at the end. */
  readonly leftovers: readonly string[];
  /** What it leaves for the monitor when this process is killed. Default: nothing. */
  readonly words?: GuardWords | undefined;
}

/** The last words of a sandbox, but for what its cgroup has counted. */
export interface GuardWords {
  /** They are written only while there is this file. */
  readonly openPath: string;
  readonly path: string;
  /** As JSON, without its end. */
  readonly head: string;
  /** Of the cgroup: CPU time and the peak of the memory; empty where there is none. */
  readonly cpuPath: string;
  readonly memoryPeakPath: string;
  /** CPU time of the workload alone, where that has a cgroup. */
  readonly workloadCpuPath: string;
}

const NO_WORDS: GuardWords = {
  openPath: '',
  path: '',
  head: '',
  cpuPath: '',
  memoryPeakPath: '',
  workloadCpuPath: '',
};

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

export function startGuard({ marker, leftovers, words = NO_WORDS }: GuardOptions): Guard {
  const { openPath, path, head, cpuPath, memoryPeakPath, workloadCpuPath } = words;
  const of = [marker, openPath, path, head, cpuPath, memoryPeakPath, workloadCpuPath];
  const child = spawn('/bin/sh', ['-c', SCRIPT, GUARD_NAME, ...of, ...leftovers], {
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
