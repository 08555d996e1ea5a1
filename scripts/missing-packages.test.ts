import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findMissingPackages } from './missing-packages.ts';

const platform = { os: 'linux', cpu: 'x64', libc: 'glibc' };
const native = { optional: true, os: ['linux'], cpu: ['x64'] };

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kata-packages-'));
});

afterEach(() => rm(folder, { recursive: true }));

describe('findMissingPackages', () => {
  // npm 9 once left out @rolldown/binding-linux-x64-gnu after a failed download and exited with 0.
  it.each([
    ['native, for this machine', native, true],
    ['native, for this libc', { ...native, libc: ['glibc'] }, true],
    ['for another libc', { ...native, libc: ['musl'] }, false],
    ['for another operating system', { ...native, os: ['darwin'] }, false],
    ['for another processor', { ...native, cpu: ['arm64'] }, false],
    ['optional for another reason', { optional: true }, false],
    ['required, so npm fails without it', { os: ['linux'], cpu: ['x64'] }, false],
  ])('a package that is %s', async (_, entry, isReported) => {
    const path = 'node_modules/@scope/native';
    await writeFile(join(folder, 'package-lock.json'), JSON.stringify({ packages: { '': {}, [path]: entry } }));
    expect(findMissingPackages(folder, platform)).toEqual(isReported ? [path] : []);
    await mkdir(join(folder, path), { recursive: true });
    await writeFile(join(folder, path, 'package.json'), '{}');
    expect(findMissingPackages(folder, platform)).toEqual([]);
  });
});
