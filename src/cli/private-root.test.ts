import { chmod, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makePrivateRoot } from './private-root.ts';

describe('makePrivateRoot', () => {
  let parent: string;

  beforeEach(async () => {
    parent = await mkdtemp(join('/tmp', 'p-'));
  });

  afterEach(async () => {
    await chmod(parent, 0o700);
    await rm(parent, { recursive: true });
  });

  it('makes a directory that is closed to others', async () => {
    const root = await makePrivateRoot([parent]);
    expect(root.startsWith(`${parent}/km-`)).toBe(true);
    const { mode } = await stat(root);
    expect(mode & 0o777).toBe(0o700);
  });

  it('passes over parents that are missing or would make the paths of sockets too long', async () => {
    const root = await makePrivateRoot([join(parent, 'missing'), `/${'x'.repeat(15)}`, parent]);
    expect(root.startsWith(`${parent}/km-`)).toBe(true);
  });

  it('leaves space for the socket of a full id by default', async () => {
    const root = await makePrivateRoot();
    expect(Buffer.byteLength(join(root, 'f'.repeat(64), 'shim-monitor.sock'))).toBeLessThanOrEqual(107);
    await rm(root, { recursive: true });
  });

  it('says why there is no place', async () => {
    const long = `/${'x'.repeat(15)}`;
    await expect(makePrivateRoot([join(tmpdir(), 'no'), long])).rejects.toThrow(
      `"${tmpdir()}/no": ENOENT; "${long}" results in a path of 26 bytes, and the limit for sockets in it is 24`,
    );
  });
});
