import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readMemoryDetails } from './guest-details.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'sys-'));
  await mkdir(join(root, 'devices/system/memory'), { recursive: true });
});
afterEach(() => rm(root, { recursive: true }));

const all = { memBlockSize: true, memHotplugProbe: true };

describe('readMemoryDetails', () => {
  it.each([
    ['8000000\n', 134_217_728n],
    ['100000000', 4_294_967_296n],
    ['nonsense', 0n],
    ['', 0n],
  ])('reads a block size of %j', async (text, bytes) => {
    await writeFile(join(root, 'devices/system/memory/block_size_bytes'), text);
    expect(readMemoryDetails(all, root)).toEqual({ memBlockSizeBytes: bytes, supportMemHotplugProbe: false });
  });

  it('returns only what is requested', async () => {
    await writeFile(join(root, 'devices/system/memory/block_size_bytes'), '8000000\n');
    await writeFile(join(root, 'devices/system/memory/probe'), '');
    expect(readMemoryDetails({ memBlockSize: false, memHotplugProbe: true }, root)).toEqual({
      memBlockSizeBytes: 0n,
      supportMemHotplugProbe: true,
    });
    expect(readMemoryDetails({ memBlockSize: true, memHotplugProbe: false }, root)).toEqual({
      memBlockSizeBytes: 134_217_728n,
      supportMemHotplugProbe: false,
    });
  });

  it('says that there is no hotplug where there is none', () => {
    const none = { memBlockSizeBytes: 0n, supportMemHotplugProbe: false };
    expect(readMemoryDetails(all, join(root, 'missing'))).toEqual(none);
  });
});
