import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ArchiveEntry, encodeArchive } from './cpio.ts';

const file = (path: string, text = ''): ArchiveEntry => ({
  kind: 'file',
  path,
  mode: 0o640,
  content: Buffer.from(text),
});

const encode = (entries: readonly ArchiveEntry[]): Buffer => Buffer.concat(encodeArchive(entries));

describe('encodeArchive', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'km-'));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  it('writes what another program unpacks as the same files', () => {
    const archive = encode([
      file('etc/name', 'one\n'),
      { kind: 'link', path: 'etc/alias', target: 'name' },
      { kind: 'directory', path: 'etc', mode: 0o750 },
      file('etc/odd', 'xyz'),
      file('etc/empty'),
    ]);
    execFileSync('busybox', ['cpio', '-idm'], { cwd: folder, input: archive, stdio: ['pipe', 'pipe', 'pipe'] });
    expect(readFileSync(join(folder, 'etc/name'), 'utf8')).toBe('one\n');
    expect(readFileSync(join(folder, 'etc/odd'), 'utf8')).toBe('xyz');
    expect(readFileSync(join(folder, 'etc/empty'), 'utf8')).toBe('');
    expect(readlinkSync(join(folder, 'etc/alias'))).toBe('name');
    expect([statSync(join(folder, 'etc')).mode & 0o777, statSync(join(folder, 'etc/name')).mode & 0o777]).toEqual([
      0o750, 0o640,
    ]);
  });

  it('gives the same bytes for the same entries in any order', () => {
    const entries = [file('b', '2'), { kind: 'directory', path: 'a', mode: 0o755 } as const, file('a/c', '1')];
    expect(encode(entries)).toEqual(encode([...entries].reverse()));
  });

  it('writes headers of 110 bytes, everything at multiples of 4, and the trailer', () => {
    const archive = encode([file('abc', 'hello')]);
    // 110 + "abc\0" is 114: padded to 116; five bytes of content, padded to 8; and the trailer: 110 + 11, padded to 124.
    expect(archive.length).toBe(116 + 8 + 124);
    expect(archive.toString('latin1', 0, 14)).toBe('07070100000001');
    expect(archive.toString('latin1', 124 + 110, 124 + 120)).toBe('TRAILER!!!');
  });

  it('writes devices with their numbers', () => {
    const device = { major: 5, minor: 1 };
    const archive = encode([{ kind: 'character-device', path: 'dev', mode: 0o600, device }]);
    const field = (index: number): number =>
      Number.parseInt(archive.toString('latin1', 6 + index * 8, 14 + index * 8), 16);
    expect([field(1).toString(8), field(9), field(10)]).toEqual(['20600', 5, 1]);
  });

  it.each(['/etc', 'a/../b', './a', 'a//b', '', 'a/', 'a\0b'])('refuses path %j', (path) => {
    expect(() => encode([file(path)])).toThrow(TypeError);
  });

  it('refuses a path that comes twice', () => {
    expect(() => encode([file('a'), file('b'), file('a')])).toThrow(
      'Cannot write "a" to an archive: it is there already',
    );
  });
});
