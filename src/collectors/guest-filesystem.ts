/**
 * kata_guest_filesystem_bytes and kata_guest_filesystem_inodes: the guest's writable file systems on devices, each once,
 * with the labels and values of the existing agents. Calls statfs(2) for each mount and nothing else.
 */
import { type BigIntStatsFs, statfs } from 'node:fs';
import { type MountinfoEntry, readMountinfo, type SkippedRecord } from '../procfs/index.ts';
import { type CatalogFamily, family } from './family.ts';
import type { GuestContext } from './guest-context.ts';
import { deviceLabel, selectMounts } from './select-mounts.ts';

/** A local file system responds within microseconds; one that exceeds this is unresponsive, and the scrape continues without it. */
const STATFS_TIMEOUT_MS = 250;

/**
 * A collector with state: a mount whose statfs(2) has not returned is not queried again until it has, so that each
 * unresponsive mount costs one thread of the pool and not one more at each scrape.
 */
export function createFilesystemCollector(
  query: (mount: MountinfoEntry) => Promise<Statfs> = queryKernel,
): (context: GuestContext) => Promise<CatalogFamily[]> {
  const pending = new Set<string>();
  const measure = async (mount: MountinfoEntry, skipped: SkippedRecord | undefined): Promise<Measured | undefined> => {
    if (pending.has(mount.mountPoint)) {
      return undefined;
    }
    pending.add(mount.mountPoint);
    return (
      query(mount)
        .then((statfs) => toMeasured(mount, statfs, skipped))
        // Unmounted meanwhile, not ours to enter (EACCES), or broken: the other mounts still have metrics.
        .catch((error: NodeJS.ErrnoException) => {
          if (error.code !== 'ENOENT') {
            skipped?.unreadable(
              'statfs',
              `Cannot read the size of file system "${mount.mountPoint}": ${error.message}`,
            );
          }
          return undefined;
        })
        .finally(() => pending.delete(mount.mountPoint))
    );
  };
  return async ({ procfs }) => {
    const mounts = selectMounts(readMountinfo(procfs, 'self') ?? []);
    const results = await settledWithin(
      STATFS_TIMEOUT_MS,
      mounts.map((mount) => measure(mount, procfs.skipped)),
    );
    const measured = results.filter((mount) => mount !== undefined);
    return measured.length === 0 ? [] : toFamilies(measured);
  };
}

function toFamilies(measured: readonly Measured[]): CatalogFamily[] {
  const bytes = measured.flatMap((mount) => toSamples(mount.labels, mount.bytes));
  const inodes = measured.flatMap((mount) => toSamples(mount.labels, mount.inodes));
  return [
    ...(bytes.length === 0 ? [] : [family('kata_guest_filesystem_bytes', bytes)]),
    ...(inodes.length === 0 ? [] : [family('kata_guest_filesystem_inodes', inodes)]),
  ];
}

/** struct statfs of statfs(2): counts of blocks of `frsize` bytes, and of inodes. */
export type Statfs = Pick<BigIntStatsFs, 'bavail' | 'bfree' | 'blocks' | 'bsize' | 'ffree' | 'files'> & {
  /** Undefined in versions of Node.js that do not have it. */
  readonly frsize?: bigint;
};

function queryKernel({ mountPointBytes }: MountinfoEntry): Promise<Statfs> {
  // Not the one of node:fs/promises, which costs an agent that uses nothing else of it 1.6 MB.
  return new Promise((resolve, reject) => {
    statfs(mountPointBytes, { bigint: true }, (error, stats) => (error === null ? resolve(stats) : reject(error)));
  });
}

/** The results that are there within `ms`, in the order of the promises; undefined for the others. None may reject. */
async function settledWithin<T>(ms: number, promises: readonly Promise<T>[]): Promise<(T | undefined)[]> {
  const results: (T | undefined)[] = promises.map(() => undefined);
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
    timer.unref();
  });
  const settled = promises.map(async (promise, i) => {
    results[i] = await promise;
  });
  await Promise.race([Promise.all(settled), timeout]);
  clearTimeout(timer);
  return [...results];
}

interface Measured {
  readonly labels: MountLabels;
  readonly bytes: Amounts;
  readonly inodes: Amounts;
}

/** By `item`. */
type Amounts = Readonly<Partial<Record<'available' | 'available_unprivileged' | 'total' | 'used', bigint>>>;

interface MountLabels {
  readonly mount: string;
  readonly device: string;
}

/**
 * `available` is what the existing agents call so: the free blocks, those included that are reserved for root. What any
 * process can still write has its own item. A file system without a number of inodes has no limit of them, and no items.
 */
function toMeasured(mount: MountinfoEntry, statfs: Statfs, skipped: SkippedRecord | undefined): Measured {
  const { blocks, bfree, bavail, files, ffree } = statfs;
  const bytes = toAmounts({ total: blocks, free: bfree, available_unprivileged: bavail });
  const inodes = toAmounts({ total: files, free: ffree });
  if (Object.keys(bytes).length < 4 || Object.keys(inodes).length < 3) {
    const line = `${mount.mountPoint}: ${blocks} blocks, ${bfree} free, ${bavail} available; ${files} inodes, ${ffree} free`;
    skipped?.skippedLine('statfs', line, 'parts that are at most their total');
  }
  const blockBytes = fragmentBytes(statfs);
  return {
    labels: { mount: mount.mountPoint, device: deviceLabel(mount) },
    bytes: Object.fromEntries(Object.entries(bytes).map(([item, count]) => [item, count * blockBytes])),
    inodes: files === 0n ? {} : inodes,
  };
}

/**
 * Blocks are counted in f_frsize; f_bsize is the recommended size of one read, a megabyte on virtiofs. The kernel has
 * 0 for the first where they are the same, and older versions of Node.js do not pass it on.
 */
function fragmentBytes({ bsize, frsize }: Statfs): bigint {
  return frsize === undefined || frsize === 0n ? bsize : frsize;
}

interface Counts {
  readonly total: bigint;
  readonly free: bigint;
  readonly available_unprivileged?: bigint;
}

/** Without what has wrapped below zero, or is more than the total. */
function toAmounts({ total, free, available_unprivileged: unprivileged }: Counts): Amounts {
  const isPart = (part: bigint | undefined): part is bigint => part !== undefined && part >= 0n && part <= total;
  if (total < 0n || total > MAX_COUNT) {
    return {};
  }
  return {
    total,
    ...(isPart(free) && { used: total - free, available: free }),
    ...(isPart(unprivileged) && { available_unprivileged: unprivileged }),
  };
}

/** As of all counts of the kernel: what is above has wrapped below zero. */
const MAX_COUNT = 2n ** 63n - 1n;

function toSamples(labels: MountLabels, amounts: Amounts) {
  return Object.entries(amounts).map(([item, value]) => ({ labels: { ...labels, item }, value }));
}
