/**
 * A separate memory cgroup with a limit, for a program under test: what `MemoryMax=` of systemd does to a unit. Version 1
 * or 2, wherever root may make one.
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface MemoryUse {
  /** The most that was charged: memory of the processes, page cache, sockets and kernel memory of the cgroup. */
  readonly peakMiB: number;
  /** Processes that the kernel killed because of the limit. */
  readonly oomKills: number;
  /** How often a charge met the limit, and memory had to be reclaimed. */
  readonly limitHits: number;
}

const BYTES_PER_MIB = 1024 * 1024;

export class MemoryCgroup {
  readonly #path: string;
  readonly #isUnified: boolean;

  /** @throws {Error} where this user may not make one. */
  constructor(name: string, limitMiB: number) {
    this.#isUnified = existsSync('/sys/fs/cgroup/cgroup.controllers');
    const own = readFileSync('/proc/self/cgroup', 'utf8');
    const parent = this.#isUnified
      ? '/sys/fs/cgroup'
      : join('/sys/fs/cgroup/memory', /^\d+:(?:.*,)?memory(?:,.*)?:(.*)$/m.exec(own)?.[1] ?? '/');
    this.#path = join(parent, name);
    mkdirSync(this.#path);
    this.#write(this.#isUnified ? 'memory.max' : 'memory.limit_in_bytes', limitMiB * BYTES_PER_MIB);
  }

  /** A shell command that runs `"$@"` in the cgroup. */
  get shellCommand(): string {
    return `echo $$ > '${this.#path}/cgroup.procs' && exec "$@"`;
  }

  readUse(): MemoryUse {
    const numberOf = (file: string, key?: string): number => {
      const text = readFileSync(join(this.#path, file), 'utf8');
      return Number(key === undefined ? text : new RegExp(`^${key} (\\d+)$`, 'm').exec(text)?.[1]);
    };
    return this.#isUnified
      ? {
          peakMiB: numberOf('memory.peak') / BYTES_PER_MIB,
          oomKills: numberOf('memory.events', 'oom_kill'),
          limitHits: numberOf('memory.events', 'max'),
        }
      : {
          peakMiB: numberOf('memory.max_usage_in_bytes') / BYTES_PER_MIB,
          oomKills: numberOf('memory.oom_control', 'oom_kill'),
          limitHits: numberOf('memory.failcnt'),
        };
  }

  /** Once no process is in it. */
  remove(): void {
    rmdirSync(this.#path);
  }

  #write(file: string, value: number): void {
    writeFileSync(join(this.#path, file), String(value));
  }
}
