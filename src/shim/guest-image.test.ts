import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultGuestDirectory, findDiskImage, findGuestImage } from './guest-image.ts';

describe('defaultGuestDirectory', () => {
  const inHome = join(homedir(), '.cache/kata-metrics/guest');

  it.each([
    [{ XDG_CACHE_HOME: '/var/cache/me' }, '/var/cache/me/kata-metrics/guest'],
    [{}, inHome],
    [{ XDG_CACHE_HOME: '' }, inHome],
    [{ XDG_CACHE_HOME: 'relative' }, inHome],
  ])('of %j is "%s"', (env, expected) => {
    expect(defaultGuestDirectory(env)).toBe(expected);
  });
});

describe('findGuestImage', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'km-'));
  });

  afterEach(() => rm(folder, { recursive: true }));

  it('finds the files beside the manifest', async () => {
    await writeFile(join(folder, 'guest.json'), '{"kernelRelease": "6.1.0"}');
    expect(await findGuestImage(folder)).toEqual({
      kernelPath: join(folder, 'vmlinuz'),
      initrdPath: join(folder, 'initramfs.cpio'),
      imagePath: join(folder, 'guest.erofs'),
      manifest: { kernelRelease: '6.1.0' },
    });
  });

  it('finds none where there is no manifest', async () => {
    await writeFile(join(folder, 'vmlinuz'), '');
    expect(await findGuestImage(folder)).toBeUndefined();
  });
});

describe('findDiskImage', () => {
  it('is the image in the directory of the initrd, if there is one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'km-'));
    try {
      expect(findDiskImage(join(folder, 'initramfs.cpio'))).toBeUndefined();
      await writeFile(join(folder, 'guest.erofs'), '');
      expect(findDiskImage(join(folder, 'any.cpio'))).toBe(join(folder, 'guest.erofs'));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
