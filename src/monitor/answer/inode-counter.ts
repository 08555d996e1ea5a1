/**
 * The number of inodes of the file systems that containers write to, from statfs(2). The time is limited: a mount that
 * blocks is not queried again until the call has returned.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** A local file system responds within microseconds. */
const TIMEOUT_MS = 250;

export class InodeCounter {
  readonly #waiting = new Set<string>();

  /** Returns the number of inodes by mount point. Omits missing mount points, and file systems with dynamic inodes. */
  async count(mountpoints: Iterable<string>): Promise<ReadonlyMap<string, bigint>> {
    const counted = new Map<string, bigint>();
    const queries = [...new Set(mountpoints)].map(async (mountpoint) => {
      const inodes = await Promise.race([this.#query(mountpoint), sleep(TIMEOUT_MS, undefined, { ref: false })]);
      if (inodes !== undefined && inodes > 0n) {
        counted.set(mountpoint, inodes);
      }
    });
    await Promise.all(queries);
    return counted;
  }

  async #query(mountpoint: string): Promise<bigint | undefined> {
    if (!mountpoint.startsWith('/') || mountpoint.includes('\0') || this.#waiting.has(mountpoint)) {
      return undefined;
    }
    this.#waiting.add(mountpoint);
    try {
      return (await process.getBuiltinModule('node:fs/promises').statfs(mountpoint, { bigint: true })).files;
    } catch {
      // Not in this mount namespace, or not permitted: the number is unknown.
      return undefined;
    } finally {
      this.#waiting.delete(mountpoint);
    }
  }
}
