/**
 * GetOOMEvent: waits until the kernel kills a process in a container's cgroup because memory ran out. Reads the counters
 * of the cgroups only while at least one call waits.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type CgroupHierarchy, cgroupDirectory, readCgroupFlatKeyed } from '../../procfs/index.ts';
import type { ContainerFinder } from './find-container.ts';

/** Runtimes use the event to set a container's state: a second more changes nothing, and a read costs microseconds. */
const POLL_MS = 1_000;

export interface OomEventsOptions {
  readonly hierarchy: CgroupHierarchy | undefined;
  readonly finder: Pick<ContainerFinder, 'list'> | undefined;
  /** Default: a second. Rejects when the signal is aborted. */
  readonly wait?: (signal: AbortSignal) => Promise<unknown>;
}

export class OomEvents {
  readonly #options: OomEventsOptions;
  /** Kills that were reported, or that happened before the first call, by container id. */
  readonly #reported = new Map<string, number>();
  #hasLooked = false;
  /** Calls that wait, to be woken. */
  #sleepers: (() => void)[] = [];
  #calls = 0;

  constructor(options: OomEventsOptions) {
    this.#options = options;
  }

  /**
   * The id of a container in which a process was killed. Each rise of a counter is reported once, to one of the calls
   * that wait, also when it happened between two calls.
   * @throws the signal's reason.
   */
  async next(signal: AbortSignal): Promise<{ containerId: string }> {
    const { wait = waitByTimer } = this.#options;
    this.#calls += 1;
    try {
      for (;;) {
        signal.throwIfAborted();
        const containerId = await this.#look();
        if (containerId !== undefined) {
          return { containerId };
        }
        const { promise: woken, resolve } = Promise.withResolvers<void>();
        this.#sleepers.push(resolve);
        await Promise.race([wait(signal), woken]);
      }
    } finally {
      this.#calls -= 1;
    }
  }

  /**
   * Reads the counters now. Resolves when each kill that has happened was passed to a call that waits for one, so that
   * the exit of the process can be reported after its reason.
   */
  async flush(): Promise<void> {
    for (let calls = this.#calls; calls > 0 && this.#sleepers.length > 0; calls--) {
      const before = this.#calls;
      for (const wake of this.#sleepers.splice(0)) {
        wake();
      }
      // The look reads a few files: it is over when all calls sleep again, or one has ended.
      while (this.#calls === before && this.#sleepers.length < this.#calls) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      if (this.#calls === before) {
        return;
      }
    }
  }

  async #look(): Promise<string | undefined> {
    const containers = this.#options.finder?.list() ?? new Map<string, string>();
    const isFirst = !this.#hasLooked;
    this.#hasLooked = true;
    for (const id of this.#reported.keys()) {
      if (!containers.has(id)) {
        this.#reported.delete(id);
      }
    }
    for (const [id, path] of containers) {
      const kills = await this.#readKills(path);
      // A container that is new begins at 0. What the others had before the first call is no news.
      const before = isFirst ? kills : (this.#reported.get(id) ?? 0);
      this.#reported.set(id, kills);
      if (kills > before) {
        return id;
      }
    }
    return undefined;
  }

  /** `oom_kill` of memory.events (cgroup v2) or of memory.oom_control (v1, Linux 4.13 and newer); 0 where there is none. */
  async #readKills(path: string): Promise<number> {
    const { hierarchy } = this.#options;
    const directory = hierarchy && cgroupDirectory(hierarchy, 'memory', path);
    if (hierarchy === undefined || directory === undefined) {
      return 0;
    }
    const file = hierarchy.kind === 'v2' ? 'memory.events' : 'memory.oom_control';
    return Number((await readCgroupFlatKeyed(directory, file))?.get('oom_kill') ?? 0);
  }
}

function waitByTimer(signal: AbortSignal): Promise<unknown> {
  return sleep(POLL_MS, undefined, { signal, ref: false });
}
