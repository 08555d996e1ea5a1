import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { OptionError } from '../options/index.ts';
import { readTlsFiles } from './tls-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'tls-files-'));
const good = join(folder, 'good');
const large = join(folder, 'large');
const loop = join(folder, 'loop');
writeFileSync(good, 'PEM');
writeFileSync(large, '');
truncateSync(large, 1024 * 1024 + 1);
symlinkSync(loop, loop);

afterAll(() => rmSync(folder, { recursive: true }));

describe('the files of a TLS client', () => {
  it('are read where they are named', () => {
    expect(readTlsFiles({ caFile: good, keyFile: undefined })).toEqual({ ca: Buffer.from('PEM') });
  });

  it.each([
    ['is not there', join(folder, 'none'), 'that can be read: ENOENT'],
    ['is a loop of links', loop, 'that can be read: ELOOP'],
    ['is a directory', folder, `got "${folder}", which is not a plain file`],
    ['has no end', '/dev/zero', 'got "/dev/zero", which is not a plain file'],
    ['is too large', large, `of at most 1048576 bytes, got "${large}" of 1048577 bytes`],
  ])('are rejected: one that %s', (_, path, message) => {
    for (const name of ['caFile', 'certFile', 'keyFile']) {
      const read = (): unknown => readTlsFiles({ [name]: path }, 'otlp.');
      expect(read).toThrow(OptionError);
      expect(read).toThrow(`Option "--otlp.${name.replace('File', '-file')}" must be a file`);
      expect(read).toThrow(message);
    }
  });
});
