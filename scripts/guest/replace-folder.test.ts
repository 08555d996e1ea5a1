import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { replaceFolder } from './replace-folder.ts';

describe('replaceFolder', () => {
  let scratchPath: string;
  let path: string;

  const make = (name: string, text: string): string => {
    const folder = join(scratchPath, name);
    mkdirSync(folder);
    writeFileSync(join(folder, 'file'), text);
    return folder;
  };
  const read = (): string => readFileSync(join(path, 'file'), 'utf8');
  const never = async (): Promise<boolean> => false;

  beforeEach(() => {
    scratchPath = mkdtempSync(join(tmpdir(), 'km-'));
    path = join(scratchPath, 'place');
  });

  afterEach(() => rmSync(scratchPath, { recursive: true }));

  it.each([['nothing'], ['a folder'], ['an empty folder']])('replaces %s', async (what) => {
    if (what === 'a folder') {
      make('place', 'old');
    } else if (what === 'an empty folder') {
      mkdirSync(path);
    }
    await replaceFolder(make('new', 'new'), path, { scratchPath, isEqual: never });
    expect(read()).toBe('new');
  });

  it('leaves an equal folder as it is', async () => {
    make('place', 'same');
    const newPath = make('new', 'same');
    await replaceFolder(newPath, path, { scratchPath, isEqual: async () => true });
    expect([read(), existsSync(newPath)]).toEqual(['same', true]);
  });

  // The build failed with ENOTEMPTY when another one had put its guest into the place after the look at it.
  it.each([
    ['is gone', undefined],
    ['is another one', 'of another'],
  ])('replaces a folder that %s when it looks', async (_, text) => {
    make('place', 'old');
    const isEqual = async (): Promise<boolean> => {
      rmSync(path, { recursive: true });
      if (text !== undefined) {
        make('place', text);
      }
      return false;
    };
    await replaceFolder(make('new', 'new'), path, { scratchPath, isEqual });
    expect(read()).toBe('new');
  });

  it('rejects where there is no new folder', async () => {
    await expect(
      replaceFolder(join(scratchPath, 'none'), path, { scratchPath, isEqual: async () => false }),
    ).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
