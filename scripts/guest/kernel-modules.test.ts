import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readModules, readNeeded } from './kernel-modules.ts';

/** The part of a module that says what it needs, between other strings. */
const module = (depends: string): Buffer => Buffer.from(`\x7fELF\0license=GPL\0depends=${depends}\0name=x\0`);

describe('readNeeded', () => {
  it.each([
    ['', []],
    ['virtio_ring', ['virtio_ring']],
    ['virtio-ring,virtio', ['virtio_ring', 'virtio']],
  ])('of "depends=%s" is %j', (depends, expected) => {
    expect(readNeeded(module(depends))).toEqual(expected);
  });

  it('refuses a file that does not say', () => {
    expect(() => readNeeded(Buffer.from('depends=a'))).toThrow('it does not say what it depends on');
  });
});

describe('readModules', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'km-'));
    mkdirSync(join(folder, 'kernel/drivers'), { recursive: true });
    writeFileSync(join(folder, 'modules.builtin'), 'kernel/lib/crc32.ko\n');
    const write = (name: string, depends: string): void =>
      writeFileSync(join(folder, 'kernel/drivers', `${name}.ko`), module(depends));
    write('virtio_pci', 'virtio,virtio-ring');
    write('virtio', 'virtio_ring,crc32');
    write('virtio-ring', '');
    write('lost', 'nowhere');
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  it('puts each module behind those that it needs, and each once', () => {
    const names = readModules(folder, ['virtio_pci', 'virtio', 'crc32']).map(({ name }) => name);
    expect(names).toEqual(['virtio_ring', 'virtio', 'virtio_pci']);
  });

  it('says which module is missing', () => {
    expect(() => readModules(folder, ['lost'])).toThrow(`Cannot find kernel module "nowhere" in "${folder}"`);
  });
});
