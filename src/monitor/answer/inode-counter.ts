/**
 * How many inodes the file systems have that containers write to. Asks the kernel with statfs(2), and never waits long: a
 * mount that hangs is not asked again until its answer has come.
 */
import { statfs } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** A local file system answers within microseconds. */
const TIMEOUT_MS = 250;

export class InodeCounter {
  readonly #waiting = new Set<string>();

  /** By mount point; those that cannot be known are not in it: absent here, or a file system that makes inodes as it goes. */
  async count(mountpoints: Iterable<string>): Promise<ReadonlyMap<string, bigint>> {
    const counted = new Map<string, bigint>();
    const asked = [...new Set(mountpoints)].map(async (mountpoint) => {
      const inodes = await Promise.race([this.#ask(mountpoint), sleep(TIMEOUT_MS, undefined, { ref: false })]);
      if (inodes !== undefined && inodes > 0n) {
        counted.set(mountpoint, inodes);
      }
    });
    await Promise.all(asked);
    return counted;
  }

  async #ask(mountpoint: string): Promise<bigint | undefined> {
    if (!mountpoint.startsWith('/') || mountpoint.includes('\0') || this.#waiting.has(mountpoint)) {
      return undefined;
    }
    this.#waiting.add(mountpoint);
    try {
      return (await statfs(mountpoint, { bigint: true })).files;
    } catch {
      // Not there in this mount namespace, or not for us: then it is not known.
      return undefined;
    } finally {
      this.#waiting.delete(mountpoint);
    }
  }
}
