import { lstatSync, mkdtempSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { listFolders, type PackagedFile, textFile, writeFiles } from './packaged-file.ts';

const EPOCH_SECONDS = 1_700_000_000;
const files: PackagedFile[] = [
  textFile('usr/lib/a/text', 'one\n'),
  textFile('usr/bin/program', '#!/bin/sh\n', 0o755),
  { path: 'usr/bin/link', target: 'program' },
];
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'km-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

it('lists each folder before what is in it', () => {
  expect(listFolders(files)).toEqual(['.', 'usr', 'usr/bin', 'usr/lib', 'usr/lib/a']);
});

it('writes files with their modes, and one time for files, links and folders', () => {
  writeFiles(folder, files, EPOCH_SECONDS);
  const look = (path: string) => {
    const { mode, mtimeMs } = lstatSync(join(folder, path));
    return [path, (mode & 0o777).toString(8), mtimeMs / 1000];
  };
  expect(['.', 'usr', 'usr/bin', 'usr/bin/program', 'usr/lib/a', 'usr/lib/a/text'].map(look)).toEqual([
    ['.', '755', EPOCH_SECONDS],
    ['usr', '755', EPOCH_SECONDS],
    ['usr/bin', '755', EPOCH_SECONDS],
    ['usr/bin/program', '755', EPOCH_SECONDS],
    ['usr/lib/a', '755', EPOCH_SECONDS],
    ['usr/lib/a/text', '644', EPOCH_SECONDS],
  ]);
  expect(readlinkSync(join(folder, 'usr/bin/link'))).toBe('program');
  expect(lstatSync(join(folder, 'usr/bin/link')).mtimeMs / 1000).toBe(EPOCH_SECONDS);
});

it('replaces no file', () => {
  expect(() => writeFiles(folder, [...files, textFile('usr/bin/program', '')], EPOCH_SECONDS)).toThrow('EEXIST');
});
