/**
 * kata_guest_filesystem_bytes and kata_guest_filesystem_inodes: the guest's writable file systems on devices, each once,
 * with the labels and values of the existing agents. Calls statfs(2) for each mount and nothing else.
 */
import { type BigIntStatsFs, statfs as statfsByCallback } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type MountinfoEntry, readMountinfo } from '../procfs/index.ts';
import { type CatalogFamily, family } from './family.ts';
import type { GuestContext } from './guest-context.ts';
import { deviceLabel, selectMounts } from './select-mounts.ts';

/** Not the one of node:fs/promises, which costs an agent that uses nothing else of it 1.6 MB. */
const statfs = promisify(statfsByCallback);

/** A local file system answers within microseconds; one that takes longer than this hangs, and the scrape goes on. */
const STATFS_TIMEOUT_MS = 250;

/**
 * A collector with a memory of its own: a mount whose statfs(2) has not come back is not asked again until it has, so
 * that each hung mount costs one thread of the pool and not one more at each scrape.
 */
export function createFilesystemCollector(
  ask: (mount: MountinfoEntry) => Promise<Statfs> = askKernel,
): (context: GuestContext) => Promise<CatalogFamily[]> {
  const hung = new Set<string>();
  const measure = async (mount: MountinfoEntry): Promise<Measured | undefined> => {
    if (hung.has(mount.mountPoint)) {
      return undefined;
    }
    hung.add(mount.mountPoint);
    const asked = ask(mount)
      .then((figures) => toMeasured(mount, figures))
      // Unmounted meanwhile, or not ours to enter (EACCES): the other mounts still answer.
      .catch(() => undefined)
      .finally(() => hung.delete(mount.mountPoint));
    return Promise.race([asked, timeout(STATFS_TIMEOUT_MS)]);
  };
  return async ({ procfs }) => {
    const mounts = selectMounts((await readMountinfo(procfs, 'self')) ?? []);
    const measured = (await Promise.all(mounts.map(measure))).filter((mount) => mount !== undefined);
    return measured.length === 0 ? [] : toFamilies(measured);
  };
}

function toFamilies(measured: readonly Measured[]): CatalogFamily[] {
  return [
    family(
      'kata_guest_filesystem_bytes',
      measured.flatMap(({ labels, bytes }) => toSamples(labels, bytes)),
    ),
    family(
      'kata_guest_filesystem_inodes',
      measured.flatMap(({ labels, inodes }) => toSamples(labels, inodes)),
    ),
  ];
}

/** struct statfs of statfs(2): counts of blocks of `bsize` bytes, and of inodes. */
export type Statfs = Pick<BigIntStatsFs, 'bavail' | 'bfree' | 'blocks' | 'bsize' | 'ffree' | 'files'>;

function askKernel({ mountPointBytes }: MountinfoEntry): Promise<Statfs> {
  return statfs(mountPointBytes, { bigint: true });
}

async function timeout(ms: number): Promise<undefined> {
  await sleep(ms, undefined, { ref: false });
  return undefined;
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
 * process can still write has its own item.
 */
function toMeasured(mount: MountinfoEntry, figures: Statfs): Measured {
  const { bsize, blocks, bfree, bavail, files, ffree } = figures;
  return {
    labels: { mount: mount.mountPoint, device: deviceLabel(mount) },
    bytes: {
      total: blocks * bsize,
      used: (blocks - bfree) * bsize,
      available: bfree * bsize,
      available_unprivileged: bavail * bsize,
    },
    inodes: { total: files, used: files - ffree, available: ffree },
  };
}

function toSamples(labels: MountLabels, amounts: Amounts) {
  return Object.entries(amounts).map(([item, value]) => ({ labels: { ...labels, item }, value }));
}
