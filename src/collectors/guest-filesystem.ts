/**
 * kata_guest_filesystem_bytes and kata_guest_filesystem_inodes: the guest's writable file systems on devices, each once,
 * with the labels and values of the existing agents. Calls statfs(2) for each mount and nothing else.
 */
import { type BigIntStatsFs, statfs, statfsSync } from 'node:fs';
import { type MountinfoEntry, readMountinfo, type SkippedRecord } from '../procfs/index.ts';
import { type CatalogFamily, family } from './family.ts';
import type { GuestContext } from './guest-context.ts';
import { isPrompt } from './prompt-mounts.ts';
import { deviceLabel, selectMounts } from './select-mounts.ts';

/** A local file system responds within microseconds; one that exceeds this is unresponsive, and the scrape continues without it. */
const STATFS_TIMEOUT_MS = 250;

/** Monotonic time. `performance` would load seven modules of Node.js. */
const monotonicMs = (): number => Number(process.hrtime.bigint() / 1_000_000n);

/** The values of a file system: at once where that cannot wait, by a thread of the pool for the others. */
export interface StatfsQueries {
  readonly later: (mount: MountinfoEntry) => Promise<Statfs>;
  /** Only for mounts that `isPrompt`: it costs a tenth, and no separate thread with its memory. */
  readonly now: (mount: MountinfoEntry) => Statfs;
}

/** The mounts of the last scrape: which ones have metrics, and which ones respond at once. */
interface Selection {
  readonly all: readonly MountinfoEntry[];
  readonly selected: readonly MountinfoEntry[];
  readonly prompt: ReadonlySet<MountinfoEntry>;
}

function select(all: readonly MountinfoEntry[]): Selection {
  const selected = selectMounts(all);
  return { all, selected, prompt: new Set(selected.filter((mount) => isPrompt(mount, all))) };
}

/**
 * A collector with state: a mount whose statfs(2) has not returned is not queried again until it has, so that each
 * unresponsive mount costs one thread of the pool and not one more at each scrape. One that should have responded at once and
 * did not is queried by the pool from then on.
 */
export function createFilesystemCollector(
  { now, later }: StatfsQueries = kernelQueries,
  clock: () => number = monotonicMs,
): (context: GuestContext) => CatalogFamily[] | Promise<CatalogFamily[]> {
  const pending = new Set<string>();
  const slow = new Set<string>();
  let selection = select([]);
  const measureNow = (mount: MountinfoEntry, skipped: SkippedRecord | undefined): Measured | undefined => {
    const startMs = clock();
    try {
      return toMeasured(mount, now(mount), skipped);
    } catch (error) {
      return report(mount, error as NodeJS.ErrnoException, skipped);
    } finally {
      if (clock() - startMs > STATFS_TIMEOUT_MS) {
        slow.add(mount.mountPoint);
      }
    }
  };
  const measureLater = async (
    mount: MountinfoEntry,
    skipped: SkippedRecord | undefined,
  ): Promise<Measured | undefined> => {
    if (pending.has(mount.mountPoint)) {
      return undefined;
    }
    pending.add(mount.mountPoint);
    return later(mount)
      .then((statfs) => toMeasured(mount, statfs, skipped))
      .catch((error: NodeJS.ErrnoException) => report(mount, error, skipped))
      .finally(() => pending.delete(mount.mountPoint));
  };
  return ({ procfs }) => {
    const all = readMountinfo(procfs, 'self') ?? [];
    if (selection.all !== all) {
      selection = select(all);
      slow.clear();
    }
    const { selected, prompt } = selection;
    const isNow = (mount: MountinfoEntry): boolean => prompt.has(mount) && !slow.has(mount.mountPoint);
    const results = selected.map((mount) =>
      isNow(mount) ? measureNow(mount, procfs.skipped) : measureLater(mount, procfs.skipped),
    );
    if (selected.every(isNow)) {
      return toFamilies(results as (Measured | undefined)[]);
    }
    return settledWithin(STATFS_TIMEOUT_MS, results).then(toFamilies);
  };
}

/** Unmounted meanwhile, not ours to enter (EACCES), or broken: the other mounts still have metrics. */
function report(
  { mountPoint }: MountinfoEntry,
  error: NodeJS.ErrnoException,
  skipped: SkippedRecord | undefined,
): undefined {
  if (error.code !== 'ENOENT') {
    skipped?.unreadable('statfs', `Cannot read the size of file system "${mountPoint}": ${error.message}`);
  }
}

function toFamilies(results: readonly (Measured | undefined)[]): CatalogFamily[] {
  const measured = results.filter((mount) => mount !== undefined);
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

const kernelQueries: StatfsQueries = {
  now: ({ mountPointBytes }) => statfsSync(mountPointBytes, { bigint: true }),
  // Not the one of node:fs/promises, which costs an agent that uses nothing else of it 1.6 MB.
  later: ({ mountPointBytes }) =>
    new Promise((resolve, reject) => {
      statfs(mountPointBytes, { bigint: true }, (error, stats) => (error === null ? resolve(stats) : reject(error)));
    }),
};

/** The results that are there within `ms`, in the order of the promises; undefined for the others. None may reject. */
async function settledWithin<T>(ms: number, promises: readonly (Promise<T> | T)[]): Promise<(T | undefined)[]> {
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

/** Bytes or inodes by the label `item`. */
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

/** Converts counts to values. Omits counts that have wrapped below zero or exceed the total. */
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

/** Larger counts of the kernel have wrapped below zero. */
const MAX_COUNT = 2n ** 63n - 1n;

function toSamples(labels: MountLabels, amounts: Amounts) {
  return Object.entries(amounts).map(([item, value]) => ({ labels: { ...labels, item }, value }));
}
