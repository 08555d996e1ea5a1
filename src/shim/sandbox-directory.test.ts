import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkSandboxId, openSandboxDirectory } from './sandbox-directory.ts';

let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'sandbox-directory-'));
});
afterEach(() => rm(base, { recursive: true }));

describe('checkSandboxId', () => {
  it.each(['a', '0', 'f'.repeat(64), 'a'.repeat(128), 'A.b_c-9'])('accepts %j', (id) => {
    expect(checkSandboxId(id)).toBe(id);
  });

  it.each(['', '.', '..', '../x', 'a/b', '-a', '_a', '.a', 'a b', 'a\n', 'a\0', 'ä', 'a'.repeat(129)])(
    'refuses %j',
    (id) => {
      expect(() => checkSandboxId(id)).toThrow(TypeError);
    },
  );
});

describe('openSandboxDirectory', () => {
  it('makes what is missing, and removes all of it', async () => {
    const directory = await openSandboxDirectory(join(base, 'run/vc/sbs'), 'one');
    expect(directory.managementSocket).toBe(join(base, 'run/vc/sbs/one/shim-monitor.sock'));
    expect((await stat(directory.path)).mode & 0o777).toBe(0o700);
    await directory.remove();
    expect(existsSync(join(base, 'run'))).toBe(false);
    expect(existsSync(base)).toBe(true);
  });

  it('leaves a directory that was there before', async () => {
    await mkdir(join(base, 'one'));
    const directory = await openSandboxDirectory(base, 'one');
    await directory.remove();
    expect(existsSync(join(base, 'one'))).toBe(true);
  });

  it('removes one of an earlier shim that has left its socket', async () => {
    await mkdir(join(base, 'one'));
    await writeFile(join(base, 'one/shim-monitor.sock'), '');
    const directory = await openSandboxDirectory(base, 'one');
    // As the server does that takes the socket over.
    await rm(directory.managementSocket);
    await directory.remove();
    expect(existsSync(join(base, 'one'))).toBe(false);
  });

  it('leaves a root that others have come to use, and files that are not its own', async () => {
    const root = join(base, 'root');
    const one = await openSandboxDirectory(root, 'one');
    const two = await openSandboxDirectory(root, 'two');
    await writeFile(join(two.path, 'config.json'), '{}');
    await one.remove();
    await two.remove();
    expect(existsSync(one.path)).toBe(false);
    expect(existsSync(join(two.path, 'config.json'))).toBe(true);
  });

  it('makes nothing for an id that must not be a path', async () => {
    await expect(openSandboxDirectory(join(base, 'root'), '../x')).rejects.toThrow('Sandbox id "../x" must be');
    expect(existsSync(join(base, 'root'))).toBe(false);
  });
});
