import { existsSync, lstatSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Code } from '../../ttrpc/index.ts';
import { copyFile } from './copy-file.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'copy-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const me = { uid: process.getuid!(), gid: process.getgid!() };
const request = (name: string, text: string, more: object = {}) => ({
  path: join(root, name),
  fileSize: BigInt(text.length),
  fileMode: 0o100640,
  dirMode: 0o40750,
  offset: 0n,
  data: Buffer.from(text),
  ...me,
  ...more,
});

describe('copyFile', () => {
  it('makes a file of its pieces, with its mode, once all are there', async () => {
    await copyFile(request('a/file', 'hel', { fileSize: 5n }), root);
    expect(existsSync(join(root, 'a/file'))).toBe(false);
    await copyFile(request('a/file', 'lo', { fileSize: 5n, offset: 3n }), root);
    expect(readFileSync(join(root, 'a/file'), 'utf8')).toBe('hello');
    expect([statSync(join(root, 'a/file')).mode, statSync(join(root, 'a')).mode]).toEqual([0o100640, 0o40750]);
  });

  it('replaces a file', async () => {
    await copyFile(request('file', 'a longer text'), root);
    await copyFile(request('file', 'short'), root);
    expect(readFileSync(join(root, 'file'), 'utf8')).toBe('short');
  });

  it('makes an empty file, a link and a directory', async () => {
    await copyFile(request('empty', ''), root);
    for (const target of ['first', '/etc/second']) {
      await copyFile(request('link', target, { fileMode: 0o120777 }), root);
    }
    await copyFile(request('folder', '', { fileMode: 0o040711 }), root);
    expect(statSync(join(root, 'empty')).size).toBe(0);
    expect([readlinkSync(join(root, 'link')), lstatSync(join(root, 'link')).isSymbolicLink()]).toEqual([
      '/etc/second',
      true,
    ]);
    expect(statSync(join(root, 'folder')).mode).toBe(0o040711);
  });

  it.each([
    ['a path elsewhere', () => ({ path: '/etc/passwd' }), 'it must be below'],
    ['a path that leads out', () => ({ path: `${root}/../../etc/passwd` }), 'it must be below'],
    ['the root itself', () => ({ path: root }), 'it must be below'],
    ['a piece beyond the end', () => ({ fileSize: 2n }), '5 bytes at offset 0 are outside of its size of 2'],
    ['a piece before the start', () => ({ offset: -1n }), 'outside of its size'],
  ])('refuses %s', async (_, more: () => object, message) => {
    await expect(copyFile({ ...request('file', 'hello'), ...more() }, root)).rejects.toMatchObject({
      code: Code.invalidArgument,
      rawMessage: expect.stringContaining(message),
    });
  });

  it('says why it cannot make a device', async () => {
    await expect(copyFile(request('device', '', { fileMode: 0o020666 }), root)).rejects.toMatchObject({
      rawMessage: expect.stringContaining('mode 020666 is not that of a file, link or directory'),
    });
  });
});
