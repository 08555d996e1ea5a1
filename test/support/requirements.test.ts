import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findProgram, knownPackages, missingPackages } from './requirements.ts';

let folderPath = '';

beforeEach(async () => {
  folderPath = await mkdtemp(join(tmpdir(), 'requirements-'));
  vi.stubEnv('PATH', `${folderPath}:/usr/bin`);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folderPath, { recursive: true });
});

describe('findProgram', () => {
  it('finds a program on the PATH, and in folders that only root has there', async () => {
    await writeFile(join(folderPath, 'runc'), '#!/bin/sh\n');
    await chmod(join(folderPath, 'runc'), 0o755);
    expect(findProgram('runc')).toBe(join(folderPath, 'runc'));
    vi.stubEnv('PATH', '');
    expect(findProgram('sh')).toMatch(/\/bin\/sh$/);
  });

  it('knows no program that is not there, and none that no user may run', async () => {
    await writeFile(join(folderPath, 'kata-no-such-program'), '', { mode: 0o644 });
    expect(findProgram('kata-no-such-program')).toBeUndefined();
    expect(findProgram('kata-nowhere-at-all')).toBeUndefined();
  });

  it('takes no folder for a program', async () => {
    await mkdir(join(folderPath, 'kata-no-such-program'));
    expect(findProgram('kata-no-such-program')).toBeUndefined();
  });
});

describe('missingPackages', () => {
  it('refuses a package whose programs it does not know', () => {
    expect(() => missingPackages(['emacs'])).toThrow(
      new RangeError('Cannot tell whether package "emacs" is installed: its programs are not listed'),
    );
  });

  it('misses the static busybox where there is one that needs a dynamic linker', async () => {
    await writeFile(join(folderPath, 'busybox'), '\x7fELF /lib64/ld-linux-x86-64.so.2');
    await chmod(join(folderPath, 'busybox'), 0o755);
    expect(missingPackages(['busybox-static'])).toEqual(['busybox-static']);
    await writeFile(join(folderPath, 'busybox'), '\x7fELF static');
    expect(missingPackages(['busybox-static'])).toEqual([]);
  });

  it('keeps the order of the question', () => {
    const asked = [...knownPackages].reverse();
    const missing = missingPackages(asked);
    expect(missing).toEqual(asked.filter((name) => missing.includes(name)));
  });
});
