import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from './find-program.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'km-'));
  for (const name of ['first', 'second']) {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, 'tool'), '');
  }
  await chmod(join(folder, 'second/tool'), 0o755);
});

afterAll(() => rm(folder, { recursive: true }));

describe('findProgram', () => {
  const search = (...names: string[]): string | undefined =>
    findProgram('tool', names.map((name) => (name === '' ? '' : join(folder, name))).join(delimiter));

  it('passes over folders that lack it, and files that cannot be run', () => {
    expect(search('none', 'first', 'second')).toBe(join(folder, 'second/tool'));
  });

  it.each([[[]], [['']], [['none']], [['first']]])('finds nothing in %j', (names) => {
    expect(search(...names)).toBeUndefined();
  });

  it('finds nothing without a PATH', () => {
    expect(findProgram('tool', undefined)).toBeUndefined();
  });
});
