import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultSandboxesRoots } from '../sandboxes/index.ts';
import { makePrivateRoot } from './private-root.ts';
import { markRoot, withRunningUps } from './running-up.ts';

let parent: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'kr-'));
});

afterEach(() => rm(parent, { recursive: true }));

describe('withRunningUps', () => {
  it('adds the roots of every up that runs to the known ones', async () => {
    const roots = [await makePrivateRoot([parent]), await makePrivateRoot([parent])].sort();
    await Promise.all(roots.map(markRoot));
    expect(await withRunningUps(defaultSandboxesRoots, [parent, parent, join(parent, 'none')])).toEqual([
      ...defaultSandboxesRoots,
      ...roots,
    ]);
  });

  it('leaves roots that were given alone', async () => {
    await markRoot(await makePrivateRoot([parent]));
    expect(await withRunningUps(['/a'], [parent])).toEqual(['/a']);
  });

  it.each([
    ['no mark', async () => undefined],
    ['a process that has ended', async (root: string) => writeFile(join(root, '.up'), '4194304')],
    ['no number', async (root: string) => writeFile(join(root, '.up'), 'self')],
    ['an empty mark', async (root: string) => writeFile(join(root, '.up'), '')],
    ['a mark that is a directory', async (root: string) => mkdir(join(root, '.up'))],
  ])('passes over a root with %s', async (_what, prepare) => {
    await prepare(await makePrivateRoot([parent]));
    expect(await withRunningUps(defaultSandboxesRoots, [parent])).toEqual(defaultSandboxesRoots);
  });

  it('does not follow a symbolic link', async () => {
    const other = await mkdtemp(join(tmpdir(), 'kr-'));
    await markRoot(other);
    await symlink(other, join(parent, 'km-link'));
    expect(await withRunningUps(defaultSandboxesRoots, [parent])).toEqual(defaultSandboxesRoots);
    await rm(other, { recursive: true });
  });
});
