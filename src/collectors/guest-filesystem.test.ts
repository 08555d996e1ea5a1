import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeText } from '../exposition/index.ts';
import { SkippedLines } from '../procfs/index.ts';
import type { GuestContext } from './guest-context.ts';
import { createFilesystemCollector, type Statfs, type StatfsQueries } from './guest-filesystem.ts';

let context: GuestContext;
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'proc-'));
  await mkdir(join(root, 'self'));
  context = { procfs: { root }, pageSizeBytes: 4096 };
});
afterEach(() => rm(root, { recursive: true }));

const mount = (...lines: (string | Buffer)[]): Promise<void> =>
  writeFile(join(root, 'self/mountinfo'), Buffer.concat(lines.map((line) => Buffer.from(line))));

const usual: Statfs = { bsize: 4096n, blocks: 2n ** 52n, bfree: 100n, bavail: 60n, files: 10n, ffree: 4n };

const always = (statfs: Statfs): StatfsQueries => ({ now: () => statfs, later: () => Promise.resolve(statfs) });

describe('the file systems of a guest', () => {
  it('are given in bytes and inodes, exactly', async () => {
    await mount('1 0 254:0 / / rw - ext4 /dev/vda rw\n');
    const collect = createFilesystemCollector(always(usual));
    expect(String(encodeText(await collect(context))).replace(/^#.*\n/gm, '')).toBe(
      `kata_guest_filesystem_bytes{mount="/",device="vda",item="total"} 18446744073709551616
kata_guest_filesystem_bytes{mount="/",device="vda",item="used"} 18446744073709142016
kata_guest_filesystem_bytes{mount="/",device="vda",item="available"} 409600
kata_guest_filesystem_bytes{mount="/",device="vda",item="available_unprivileged"} 245760
kata_guest_filesystem_inodes{mount="/",device="vda",item="total"} 10
kata_guest_filesystem_inodes{mount="/",device="vda",item="used"} 6
kata_guest_filesystem_inodes{mount="/",device="vda",item="available"} 4
`,
    );
  });

  it('are queried by the bytes of their path, and named by all of them', async () => {
    await mount('1 0 254:0 / /a', Buffer.from([0xff]), ' rw - ext4 /dev/vda rw\n');
    const asked: Buffer[] = [];
    const collect = createFilesystemCollector({
      ...always(usual),
      now: ({ mountPointBytes }) => {
        asked.push(mountPointBytes);
        return usual;
      },
    });
    const [bytes] = await collect(context);
    expect(asked).toEqual([Buffer.from([0x2f, 0x61, 0xff])]);
    expect(bytes?.samples[0]?.labels['mount']).toBe('/a\\xff');
  });

  it('are complete without the one that hangs, which is not queried again until it comes back', async () => {
    await mount(
      '1 0 254:0 / / rw - ext4 /dev/vda rw\n',
      '2 1 0:40 / /host rw - virtiofs share rw\n',
      '3 2 254:1 / /host/slow rw - ext4 /dev/vdb rw\n',
    );
    let slowCalls = 0;
    const { promise: hanging, resolve: comeBack } = Promise.withResolvers<Statfs>();
    const collect = createFilesystemCollector({
      ...always(usual),
      later: () => {
        slowCalls += 1;
        return slowCalls === 1 ? hanging : Promise.resolve(usual);
      },
    });
    const mounts = async (): Promise<unknown[]> => {
      const [bytes] = await collect(context);
      return [...new Set(bytes?.samples.map(({ labels }) => labels['mount']))];
    };
    expect(await mounts()).toEqual(['/']);
    expect(await mounts()).toEqual(['/']);
    expect(slowCalls).toBe(1);
    comeBack(usual);
    await hanging;
    await new Promise((resolve) => setImmediate(resolve));
    expect(await mounts()).toEqual(['/', '/host/slow']);
  });

  it('are queried by the pool once one has not responded at once, until the mounts change', async () => {
    await mount('1 0 254:0 / / rw - ext4 /dev/vda rw\n');
    let nowMs = 0;
    const calls: string[] = [];
    const queries: StatfsQueries = {
      now: () => {
        calls.push('now');
        nowMs += 251;
        return usual;
      },
      later: async () => {
        calls.push('later');
        return usual;
      },
    };
    const collect = createFilesystemCollector(queries, () => nowMs);
    const first = await collect(context);
    expect(await collect(context)).toEqual(first);
    await collect(context);
    await mount('1 0 254:0 / / rw - ext4 /dev/vda rw\n', '2 1 0:5 / /proc rw - proc proc rw\n');
    await collect(context);
    expect(calls).toEqual(['now', 'later', 'later', 'now']);
  });

  it.each([
    [
      'blocks of f_frsize, where a read should be longer',
      { bsize: 1048576n, frsize: 4096n, blocks: 1000n },
      ['4096000'],
    ],
    ['blocks of f_bsize, where the kernel has no other', { bsize: 512n, frsize: 0n, blocks: 1000n }, ['512000']],
    ['blocks of f_bsize, where Node.js has no other', { bsize: 512n, blocks: 1000n }, ['512000']],
  ])('are counted in %s', async (_, statfs, total) => {
    await mount('1 0 254:0 / / rw - ext4 /dev/vda rw\n');
    const [bytes] = await createFilesystemCollector(always({ ...usual, ...statfs }))(context);
    const totals = bytes?.samples.filter(({ labels }) => labels['item'] === 'total');
    expect(totals?.map(({ value }) => String(value))).toEqual(total);
  });

  const ALL = [
    'total',
    'used',
    'available',
    'available_unprivileged',
    'inodes total',
    'inodes used',
    'inodes available',
  ];
  it.each<[string, Partial<Statfs>, readonly string[], number]>([
    ['nothing of a good one', {}, [], 0],
    ['inodes, where there is no limit of them', { files: 0n, ffree: 0n }, ALL.slice(4), 0],
    ['more free than there are', { blocks: 90n }, ALL.slice(1, 3), 1],
    ['more available than there are', { bavail: 2n ** 53n }, ALL.slice(3, 4), 1],
    ['free blocks that have wrapped below zero', { bfree: 2n ** 64n - 1n }, ALL.slice(1, 3), 1],
    ['the same as Node.js may give it', { bfree: -1n }, ALL.slice(1, 3), 1],
    ['a total that has wrapped below zero', { blocks: 2n ** 64n - 1n }, ALL.slice(0, 4), 1],
    ['more free inodes than there are', { ffree: 11n }, ALL.slice(5), 1],
    ['inodes that have wrapped below zero', { files: -1n }, ALL.slice(4), 1],
  ])('leave out %s', async (_, statfs, missing, skippedCount) => {
    await mount('1 0 254:0 / / rw - ext4 /dev/vda rw\n');
    const skipped = new SkippedLines(() => undefined);
    const collect = createFilesystemCollector(always({ ...usual, ...statfs }));
    const families = await collect({ ...context, procfs: { root, skipped } });
    const items = families.flatMap(({ name, samples }) =>
      samples.map(({ labels }) => `${name.endsWith('inodes') ? 'inodes ' : ''}${labels['item']}`),
    );
    expect(items).toEqual(ALL.filter((item) => !missing.includes(item)));
    expect(skipped.counts().get('statfs') ?? 0).toBe(skippedCount);
  });

  it('are complete without the one that is gone', async () => {
    await mount('1 0 254:0 / / rw - ext4 /dev/vda rw\n', '2 1 254:1 / /no/such/place rw - ext4 /dev/vdb rw\n');
    const [bytes] = await createFilesystemCollector()(context);
    expect(bytes?.samples.map(({ labels }) => labels['mount'])).toEqual(['/', '/', '/', '/']);
  });

  it.each([
    ['', 'no mounts'],
    ['1 0 0:5 / /proc rw - proc proc rw\n', 'no real ones'],
  ])('%j: none', async (text) => {
    await mount(text);
    expect(await createFilesystemCollector()(context)).toEqual([]);
  });
});
