/**
 * What the guest sees of volumes, with real mounts in a mount namespace of the test's own, whose root is shared as systemd
 * makes it. Needs root.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const isRoot = process.getuid?.() === 0;
const modulePath = join(import.meta.dirname, 'shared-files.ts');

/** Prints what is asserted below, as JSON. */
const PROGRAM = `
const { SharedFiles } = await import(${JSON.stringify(modulePath)});
const { execFileSync } = await import('node:child_process');
const { mkdirSync, writeFileSync, readdirSync, existsSync } = await import('node:fs');
const [, folder] = process.argv;
const run = (command, ...args) => execFileSync(command, args);
const isWritable = (path) => { try { writeFileSync(path, 'x'); return true; } catch (error) { return error.code; } };
const source = folder + '/source';
mkdirSync(source + '/below', { recursive: true });
run('mount', '--bind', source, source);
run('mount', '--make-shared', source);
run('mount', '-t', 'tmpfs', 'none', source + '/below');
writeFileSync(source + '/below/kept', '');
writeFileSync(source + '/file', '');
const files = await SharedFiles.open(folder + '/sandbox');
const add = (isReadOnly, followsHost, path = source, isReadOnlyBelow = false) =>
  files.addMount('c1', { source: path, isReadOnly, isReadOnlyBelow, followsHost });
const mounted = [
  await add(true, false),
  await add(false, false),
  await add(false, true),
  await add(true, false, source + '/file'),
  await add(true, false, source, true),
];
await files.addRoot('c2', [{ type: 'bind', source, options: ['rbind', 'ro'] }]);
const seen = (index) => files.path + '/c1/mounts/' + index;
mkdirSync(source + '/later');
run('mount', '-t', 'tmpfs', 'none', source + '/later');
writeFileSync(source + '/later/new', '');
const result = {
  mounted,
  writable: [0, 1, 2].map((index) => isWritable(seen(index) + '/made')),
  file: isWritable(seen(3)),
  root: isWritable(files.path + '/c2/rootfs/made'),
  beside: isWritable(files.path + '/made'),
  writableBelow: [0, 1, 4].map((index) => isWritable(seen(index) + '/below/kept')),
  below: [0, 1, 2].map((index) => readdirSync(seen(index) + '/below')),
  later: [0, 1, 2].map((index) => readdirSync(seen(index) + '/later')),
};
await add(false, false, folder + '/none').catch((error) => { result.missing = error.rawMessage.replace(folder, ''); });
await add(false, false, '/dev/null').catch((error) => { result.device = error.rawMessage; });
files.remove('c1');
files.remove('c2');
result.kept = [readdirSync(source + '/below'), readdirSync(source + '/later')];
files.removeAll();
result.isGone = !existsSync(folder + '/sandbox');
process.stdout.write(JSON.stringify(result));
`;

describe.skipIf(!isRoot)(`files that a guest sees${isRoot ? '' : ' (needs root)'}`, () => {
  let folder: string;
  let result: Record<string, unknown>;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'shared-'));
    const node = [process.execPath, '--input-type=module', '-e', PROGRAM, folder];
    const args = ['--mount', '--propagation', 'shared', ...node];
    result = JSON.parse(execFileSync('unshare', args, { encoding: 'utf8' }));
  }, 60_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('gives each volume a path', () => {
    const path = (index: number): string => `/run/kata-containers/shared/containers/c1/mounts/${index}`;
    const mounted = [true, true, true, false, true].map((hasMountsBelow, index) => ({
      path: path(index),
      hasMountsBelow,
    }));
    expect(result['mounted']).toEqual(mounted);
  });

  it('makes a volume read-only on this host, and nothing can be written beside the volumes', () => {
    const { writable, file, root, beside } = result;
    expect(writable).toEqual(['EROFS', true, true]);
    expect(result['writableBelow']).toEqual([true, true, 'EROFS']);
    expect({ file, root, beside }).toEqual({ file: 'EROFS', root: 'EROFS', beside: 'EROFS' });
  });

  it('shows mounts below a volume; those that are made later only where they shall propagate', () => {
    expect(result['below']).toEqual([['kept'], ['kept'], ['kept']]);
    expect(result['later']).toEqual([[], [], ['new']]);
  });

  it('leaves mounts of the source where they are, and none of its own mounts', () => {
    expect(result['kept']).toEqual([['kept'], ['new']]);
    expect(result['isGone']).toBe(true);
  });

  it.each([
    ['missing', 'Cannot mount "/none": ENOENT: no such file or directory'],
    ['device', 'Cannot mount "/dev/null": devices of the host are not supported'],
  ])('says why it cannot share what is %s', (name, message) => {
    expect(result[name]).toContain(message);
  });
});
