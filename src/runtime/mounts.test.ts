import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listMountsBelow, removeMountPoints } from './mounts.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mounts-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('listMountsBelow', () => {
  it('has the path itself and what is below it, deepest first', () => {
    const points = listMountsBelow('/proc');
    expect(points.at(-1)).toBe('/proc');
    expect(listMountsBelow('/proc/nothing/there')).toEqual([]);
    expect(listMountsBelow('/pro')).toEqual([]);
  });
});

describe('removeMountPoints', () => {
  it('removes folders, empty files and links, and follows none', () => {
    const outside = join(folder, 'outside');
    writeFileSync(outside, 'content');
    mkdirSync(join(folder, 'c/rootfs'), { recursive: true });
    writeFileSync(join(folder, 'c/0'), '');
    symlinkSync(outside, join(folder, 'c/link'));
    removeMountPoints(join(folder, 'c'));
    expect([existsSync(join(folder, 'c')), existsSync(outside)]).toEqual([false, true]);
  });

  it('is done where there is nothing', () => {
    removeMountPoints(join(folder, 'gone'));
  });

  it('refuses while something is mounted', () => {
    expect(() => removeMountPoints('/proc')).toThrow('there are mounts below it');
  });
});
