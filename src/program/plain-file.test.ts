import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readPlainFile } from './plain-file.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plain-'));
  path = join(folder, 'file');
});
afterEach(() => rmSync(folder, { recursive: true }));

it('a file is read, also behind a link', () => {
  writeFileSync(join(folder, 'other'), 'Zürich');
  symlinkSync('other', path);
  expect(readPlainFile(path, 7)).toBe('Zürich');
});

it.each<[string, (path: string) => unknown, string]>([
  ['a pipe', (at) => execFileSync('mkfifo', [at]), 'must be a plain file'],
  ['a device', (at) => symlinkSync('/dev/zero', at), 'must be a plain file'],
  ['a directory', (at) => mkdirSync(at), 'must be a plain file'],
  ['a file over the limit', (at) => writeFileSync(at, 'Zürich!'), 'must have at most 7 bytes, got 8'],
  ['a file of terabytes', (at) => execFileSync('truncate', ['-s', '1T', at]), 'at most 7 bytes, got 1099511627776'],
  ['a loop of links', (at) => symlinkSync('file', at), 'ELOOP'],
  ['nothing', () => undefined, 'ENOENT'],
])('%s is none', (_what, make, message) => {
  make(path);
  expect(() => readPlainFile(path, 7)).toThrow(message);
});
