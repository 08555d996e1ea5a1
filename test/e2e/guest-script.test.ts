/**
 * `npm run guest` where something is missing or wrong: one message that says what, and no stack.
 */
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeMissing } from '../../scripts/guest/requirements.ts';
import { type ProgramEnd, runCommand } from '../support/run-program.ts';

const script = join(import.meta.dirname, '../../scripts/guest/main.ts');

let folder: string;
let toolPath: string;

/** A program that is there, and does what the shell script says. */
async function addTool(name: string, shell: string): Promise<void> {
  await writeFile(join(toolPath, name), `#!/bin/sh\n${shell}\n`);
  await chmod(join(toolPath, name), 0o755);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kg-'));
  toolPath = join(folder, 'tools');
  await mkdir(toolPath);
  await mkdir(join(folder, 'full'));
  await writeFile(join(folder, 'full/precious'), 'x');
  await writeFile(join(folder, 'file'), 'x');
  for (const name of ['dpkg-deb', 'ldd', 'mkfs.erofs', 'strip', 'apt-cache']) {
    await addTool(name, 'exit 1');
  }
  await addTool(
    'apt-get',
    'echo "W: Download is performed unsandboxed" >&2; echo "E: Failed to fetch http://a/b  Temporary failure resolving \'a\'" >&2\nexit 100',
  );
});

afterAll(() => rm(folder, { recursive: true }));

const run = (args: readonly string[], searchPath = toolPath): Promise<ProgramEnd> =>
  runCommand([process.execPath, script, ...args], { PATH: searchPath, XDG_CACHE_HOME: join(folder, 'cache') }).ended;

describe('describeMissing', () => {
  it('lists all that is missing, with one line that installs it', async () => {
    await mkdir(join(folder, 'some'));
    for (const name of ['apt-get', 'apt-cache']) {
      await writeFile(join(folder, 'some', name), '#!/bin/sh\n', { mode: 0o755 });
    }
    const message = describeMissing(join(folder, 'some'), 'x64') ?? '';
    expect(message).toMatch(/^Cannot build the guest: missing dpkg-deb, ldd, mkfs.erofs, strip/);
    expect(message).toMatch(
      /^Install the missing packages: apt-get update && apt-get install -y binutils (?:busybox-static )?dpkg erofs-utils libc-bin$/m,
    );
  });

  it('says where it can be built when there is no apt', () => {
    expect(describeMissing('', 'x64')).toContain('It can be built on Debian and its derivatives only');
  });

  it('names a machine that it is not for', () => {
    expect(describeMissing(toolPath, 'arm64')).toBe(
      'Cannot build the guest on this machine: it is for x86-64, and this is arm64',
    );
  });
});

describe('npm run guest', () => {
  const hasBusybox = describeMissing(process.env['PATH'] ?? '', 'x64')?.includes('busybox') !== true;

  it('has help', async () => {
    const { code, stdout } = await run(['--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: npm run guest -- \[options\]\n[\s\S]*--output <directory>[\s\S]*--refresh/);
  });

  it('refuses an option that it does not have', async () => {
    const { code, stderr } = await run(['--outptu=x']);
    expect([code, stderr]).toEqual([
      2,
      'guest: Unknown option "--outptu"; did you mean "--output"?\nTry "npm run guest -- --help"\n',
    ]);
  });

  it('says what is missing, without a stack', async () => {
    const { code, stdout, stderr } = await run([], '/nowhere');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      /^guest: Cannot build the guest: missing apt-cache, apt-get, dpkg-deb, ldd, mkfs.erofs, strip/,
    );
    expect(stderr).not.toMatch(/^ {4}at /m);
  });

  it('prints its version', async () => {
    expect(await run(['--version'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^guest \d+\.\d+\.\d+\n$/),
    });
  });

  // Before the check of tools: an operator would install them only to learn of a wrong directory.
  it.each([
    ['file', /^guest: Option "--output" must be a directory, got "[^"]+file"\n$/],
    ['file/below', /nothing can be written in "[^"]+file"\n$/],
    ['full', /must be a directory that is empty, holds a guest or does not exist: "[^"]+full" has other files/],
  ])('refuses --output %s', async (name, message) => {
    const { code, stderr } = await run([`--output=${join(folder, name)}`], '/nowhere');
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(await readdir(join(folder, 'full'))).toEqual(['precious']);
  });

  it('refuses an empty --output', async () => {
    const { code, stderr } = await run(['--output=']);
    expect([code, stderr]).toEqual([
      2,
      'guest: Option "--output" must be a directory, got ""\nTry "npm run guest -- --help"\n',
    ]);
  });

  it.skipIf(!hasBusybox)('says that there is no network', async () => {
    const { code, stderr } = await run([`--output=${join(folder, 'new')}`]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^guest: Cannot run "apt-get [\s\S]*Temporary failure resolving 'a'\n.*is there a network/);
    expect(stderr).not.toMatch(/^ {4}at /m);
    expect(stderr).not.toContain('unsandboxed');
  });
});
