import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readKernelRelease } from './kernel-release.ts';

/** An image with a setup header that points to `text`; the rest of it is zeros. */
function image({ magic = 'HdrS', pointer = 0x1000, text = '' }): Buffer {
  const bytes = Buffer.alloc(0x1400);
  bytes.write(magic, 0x202, 'latin1');
  bytes.writeUInt16LE(pointer, 0x20e);
  bytes.write(text, Math.min(0x200 + pointer, bytes.length), 'latin1');
  return bytes;
}

describe('readKernelRelease', () => {
  let path: string;

  beforeEach(async () => {
    path = join(await mkdtemp(join(tmpdir(), 'km-')), 'image');
  });

  afterEach(() => rm(join(path, '..'), { recursive: true }));

  it.each([
    ['the first word', image({ text: '6.1.0-1-cloud-amd64 (builder@host) #1 SMP' }), '6.1.0-1-cloud-amd64'],
    ['a text without a builder', image({ text: '6.12.5' }), '6.12.5'],
    ['no text', image({}), undefined],
    ['a text that is no release', image({ text: 'Linux 6.1' }), undefined],
    ['a pointer behind the end', image({ pointer: 0xffff }), undefined],
    ['another kind of image', image({ magic: '\u007fELF', text: '6.1.0' }), undefined],
    ['an image that ends in its header', image({ text: '6.1.0' }).subarray(0, 0x20f), undefined],
    ['an empty file', Buffer.alloc(0), undefined],
  ])('reads %s', async (_, bytes, release) => {
    await writeFile(path, bytes);
    expect(await readKernelRelease(path)).toBe(release);
  });

  it('rejects where there is no image', async () => {
    await expect(readKernelRelease(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
