/**
 * Ends processes and removes their files if this process is killed without a chance to do so itself. A small shell waits
 * for the end of a pipe that only this process holds; if this process cleans up itself, the shell finds nothing to do.
 * Used for the hypervisor of a sandbox, and by `kata-metrics up` for its shims.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';

/**
 * Signals of the terminal are for us. A process is ours when the marker stands in its command line: by then a number may
 * belong to another process. What is left after 5 s is killed. A cgroup goes by rmdir only, for its files cannot be removed,
 * and only when the last process has left it, some time after that has lost its command line; what it has counted until then
 * are the last words of the sandbox. The line `over` leaves the cgroups and the words to us. The line `words` has the CPU time
 * in nanoseconds that is known, and the words up to their last number: it adds what the cgroup of the shim has counted until
 * then. It is the last one to leave that cgroup. What stands where it writes the words, such as a link or a FIFO, is removed,
 * and the file is a new one (set -C). A directory into which another guard writes at this moment is removed a
 * moment later. A value of two words is a line of cgroup v2, in microseconds.
 */
const SCRIPT = `trap '' HUP INT TERM
umask 077
marker=$1 open=$2 words=$3 head=$4 cpu=$5 peak=$6 workload=$7 shim=$8 shim_cpu=$9
base=\${10}
shift 10
pids= over= text=
while read -r word rest; do
  case $word in
    over) over=1 ;;
    words) base=\${rest%% *} text=\${rest#* } ;;
    *) pids="$pids $word" ;;
  esac
done
value() {
  number=
  if [ -r "$1" ] && read -r first second <"$1"; then number=\${second:+\${second}000}; number=\${number:-$first}; fi
} 2>/dev/null
decimal() {
  printf '%d.%09d' $(($1 / 1000000000)) $(($1 % 1000000000))
}
await_alone() {
  tries=300
  while [ -n "$shim" ] && [ "$tries" -gt 0 ]; do
    other=
    while read -r pid; do [ "$pid" = $$ ] || other=1; done <"$shim/cgroup.procs"
    [ -n "$other" ] || break
    sleep 0.01
    tries=$((tries - 1))
  done
} 2>/dev/null
leave() {
  if [ -n "$shim" ]; then
    echo $$ >|"\${shim%/*}/cgroup.procs"
    tries=10
    while [ -d "$shim" ] && [ "$tries" -gt 0 ] && ! rmdir -- "$shim"; do sleep 0.1; tries=$((tries - 1)); done
  fi
} 2>/dev/null
put() {
  set -C
  # Without a process where nothing is there: its CPU time would be in no words.
  { [ ! -e "$words.new" ] && [ ! -L "$words.new" ]; } || rm -f -- "$words.new" || return
  "$1" >"$words.new" && mv -f -- "$words.new" "$words"
} 2>/dev/null
if [ -n "$text" ]; then
  await_alone
  value "$shim_cpu"
  complete() { printf %s "$text"; decimal $((base + number)); printf '}}'; }
  put complete
  leave
  exit 0
fi
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
rm -rf -- "$@" 2>/dev/null || [ -n "$words$over" ] || { sleep 0.2; rm -rf -- "$@" 2>/dev/null; }
[ -z "$over" ] || exit 0
look() {
  if [ -n "$words" ]; then
    for each in host_ns:"$cpu" workload_ns:"$workload" peak_bytes:"$peak"; do
      value "\${each#*:}"
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
seconds() {
  if [ -n "$2" ]; then printf '%s"%s":' "$comma" "$1"; decimal "$2"; comma=,; fi
}
if [ -n "$words" ] && [ -e "$open" ]; then
  await_alone
  counted() {
    printf '%s,"endedMs":%s000,"values":{' "$head" $(($(date +%s) + 1))
    value "$shim_cpu"
    seconds hostCpuSeconds "\${host_ns:+$((base + host_ns + number))}"
    seconds cpuSeconds "$workload_ns"
    [ -z "$peak_bytes" ] || printf '%s"hostMemoryPeakBytes":%s' "$comma" "$peak_bytes"
    printf '}}'
  }
  put counted
fi
leave`;

/** Stands in the command line of every guard, by which others know not to end it before its work is done. */
export const GUARD_NAME = 'kata-guard';

export interface GuardOptions {
  /** Stands in the command lines of all processes that are watched, and in no others. */
  readonly marker: string;
  /** Files, directories and cgroups that are removed at the end. */
  readonly leftovers: readonly string[];
  /** Last words that it leaves for the monitor if this process is killed. Default: none. */
  readonly words?: GuardWords | undefined;
}

/** The last words of a sandbox, but for what its cgroup has counted. */
export interface GuardWords {
  /** They are written only while there is this file. */
  readonly openPath: string;
  readonly path: string;
  /** Beginning of the JSON text. */
  readonly head: string;
  /** Files with the CPU time and with the peak of the memory of the cgroup; empty without a cgroup. */
  readonly cpuPath: string;
  readonly memoryPeakPath: string;
  /** CPU time of the workload alone, where that has a cgroup. */
  readonly workloadCpuPath: string;
  /** The cgroup of the shim and of the guard, and its CPU time; empty where there is none. The guard removes it. */
  readonly shimCgroup: string;
  readonly shimCpuPath: string;
  /** CPU time, in nanoseconds, that is added to that of the cgroups; negative where they have counted for others before. */
  readonly baseNs: number;
}

/** The last words of a sandbox that has ended in order, but for the CPU time of its shim. */
export interface WordsAtEnd {
  /** One line of JSON, up to the CPU seconds on the host, which are its last value. */
  readonly head: string;
  /** CPU time on the host, in nanoseconds, without what the cgroup of the shim counts. */
  readonly baseNs: number;
  /** Whether they are completed when this process has ended, else now. */
  readonly isAtExit: boolean;
}

const NO_WORDS: GuardWords = {
  openPath: '',
  path: '',
  head: '',
  cpuPath: '',
  memoryPeakPath: '',
  workloadCpuPath: '',
  shimCgroup: '',
  shimCpuPath: '',
  baseNs: 0,
};

export interface Guard {
  /** PID of the shell; undefined if none could be started. */
  readonly pid: number | undefined;
  watch(pid: number): void;
  /**
   * Lets the shell end what is left, and resolves when it has ended itself. Can be called again.
   * `keepsCgroups`: the caller reads the cgroups and removes them.
   */
  end(options?: { readonly keepsCgroups: boolean }): Promise<void>;
  /**
   * Lets the shell complete and write the last words, and remove the cgroup of the shim, which this process leaves before
   * unless `isAtExit`. Resolves when that is done, or with `isAtExit` at once. False where there is no shell to do it.
   */
  leaveWords(words: WordsAtEnd): Promise<boolean>;
  /** Whether `leaveWords` was called, and there was a shell to do it. */
  readonly hasWords: boolean;
}

/** Starts the shell. Its `pid` is undefined if that fails, which is not an error: there is then no guard. */
export function startGuard({ marker, leftovers, words = NO_WORDS }: GuardOptions): Guard {
  const { openPath, path, head, cpuPath, memoryPeakPath, workloadCpuPath, shimCgroup, shimCpuPath, baseNs } = words;
  const paths = [openPath, path, head, cpuPath, memoryPeakPath, workloadCpuPath, shimCgroup, shimCpuPath];
  const child = spawn('/bin/sh', ['-c', SCRIPT, GUARD_NAME, marker, ...paths, String(baseNs), ...leftovers], {
    // Its own session: it must outlive the terminal.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Without a shell or with a dead one there is no guard, and we still clean up ourselves.
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  let isAlive = child.pid !== undefined;
  const ended = isAlive ? once(child, 'exit') : Promise.resolve();
  child.once('exit', () => {
    isAlive = false;
  });
  let hasWords = false;
  return {
    pid: child.pid,
    get hasWords() {
      return hasWords;
    },
    watch: (pid) => {
      child.stdin.write(`${pid}\n`);
    },
    end: async ({ keepsCgroups } = { keepsCgroups: false }) => {
      child.stdin.end(keepsCgroups && child.stdin.writable ? 'over\n' : undefined);
      await ended;
    },
    leaveWords: async ({ head: text, baseNs: knownNs, isAtExit }) => {
      if (!isAlive || !child.stdin.writable) {
        return false;
      }
      hasWords = true;
      child.stdin.write(`words ${Math.round(knownNs)} ${text}\n`);
      if (isAtExit) {
        // The kernel closes the pipe when this process has ended.
        child.unref();
        (child.stdin as Socket).unref();
      } else {
        child.stdin.end();
        await ended;
      }
      return true;
    },
  };
}
