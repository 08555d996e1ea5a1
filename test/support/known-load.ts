/**
 * A workload with a known use of CPU: a shell that works until the kernel has counted so much CPU time for it, writes what
 * it was, and sleeps for the rest of its life.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface KnownLoad {
  readonly cpuMs: number;
  readonly lifetimeMs: number;
  /** Gets the nanoseconds of CPU time. */
  readonly reportPath: string;
}

/** See "schedstats" in Documentation/scheduler of the kernel: the first number is the time on the CPU, in nanoseconds. */
export function knownLoadCommand({ cpuMs, lifetimeMs, reportPath }: KnownLoad): string {
  const script = `read -r start _ < /proc/uptime
used=0
while [ "$used" -lt ${cpuMs * 1_000_000} ]; do
  i=0
  while [ "$i" -lt 2000 ]; do i=$((i + 1)); done
  read -r used _ < /proc/$$/schedstat
done
read -r now _ < /proc/uptime
left=$((${lifetimeMs} - (\${now%.*}\${now#*.} - \${start%.*}\${start#*.}) * 10))
[ "$left" -le 0 ] || sleep "$((left / 1000)).$(printf %03d $((left % 1000)))"
read -r used _ < /proc/$$/schedstat
echo "$used" > ${reportPath}`;
  return `sh -c '${script}'`;
}

/** Seconds of CPU time over all reports in a directory, and how many there are. */
export function sumReports(directory: string): { readonly count: number; readonly cpuSeconds: number } {
  const names = readdirSync(directory);
  const ns = names.map((name) => Number(readFileSync(join(directory, name), 'utf8')));
  return { count: names.length, cpuSeconds: ns.reduce((sum, each) => sum + each, 0) / 1e9 };
}
