import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Sandbox, sandboxIn } from './sandbox.ts';
import { findSocketFault } from './socket-fault.ts';

const isRoot = process.getuid?.() === 0;
/** Of no user, on most systems. */
const STRANGER_UID = 65_534;

let folder: string;
let root: string;
let sandbox: Sandbox;
let servers: Server[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ksf-'));
  root = join(folder, 'root');
  sandbox = sandboxIn(root, 'one', 0);
  mkdirSync(sandbox.directory, { recursive: true });
  servers = [];
});

afterEach(async () => {
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  rmSync(folder, { recursive: true });
});

async function listenOn(path: string): Promise<void> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(path, resolve));
}

describe('findSocketFault', () => {
  it('has nothing against a socket of our own', async () => {
    await listenOn(sandbox.socketPath);
    expect(findSocketFault(sandbox)).toBeUndefined();
  });

  it.each([
    ['no socket', () => undefined],
    ['no directory', () => rmSync(sandbox.directory, { recursive: true })],
    ['a plain file', () => writeFileSync(sandbox.socketPath, '')],
    ['a directory', () => mkdirSync(sandbox.socketPath)],
  ])('leaves it to connecting to say what is wrong with %s', (_name, prepare) => {
    prepare();
    expect(findSocketFault(sandbox)).toBeUndefined();
  });

  it('follows a link inside of the root', async () => {
    await listenOn(join(sandbox.directory, 'real.sock'));
    symlinkSync('real.sock', sandbox.socketPath);
    expect(findSocketFault(sandbox)).toBeUndefined();
  });

  it('follows it too where the root itself is reached by a link', async () => {
    await listenOn(join(sandbox.directory, 'real.sock'));
    symlinkSync('real.sock', sandbox.socketPath);
    symlinkSync('root', join(folder, 'link-to-root'));
    expect(findSocketFault(sandboxIn(join(folder, 'link-to-root'), 'one', 0))).toBeUndefined();
  });

  it.each([
    ['out of the root', () => join(folder, 'other.sock'), 'leads out of the root'],
    ['to a neighbour of the root whose name begins alike', () => join(folder, 'root-2.sock'), 'leads out of the root'],
    ['by way of the parent', () => '../../other.sock', 'leads out of the root'],
  ])('refuses a link %s', async (_name, target, fault) => {
    await listenOn(join(folder, 'other.sock'));
    await listenOn(join(folder, 'root-2.sock'));
    symlinkSync(target(), sandbox.socketPath);
    expect(findSocketFault(sandbox)).toBe(`its socket is a symbolic link that ${fault}`);
  });

  it.each([
    ['to itself', 'shim-monitor.sock', 'ELOOP'],
    ['to nothing', 'nothing.sock', 'ENOENT'],
  ])('refuses a link %s', (_name, target, code) => {
    symlinkSync(target, sandbox.socketPath);
    expect(findSocketFault(sandbox)).toBe(`its socket is a symbolic link that cannot be followed: ${code}`);
  });

  // These were followed once: fs.realpathSync takes the second link of a chain that ends at a socket for the end.
  it.each([
    ['a link', () => symlinkSync(join(folder, 'other.sock'), join(sandbox.directory, 'next')), 'next'],
    ['a directory', () => symlinkSync(folder, join(sandbox.directory, 'next')), 'next/other.sock'],
  ])('refuses a link over %s that leaves the root', async (_name, prepare, target) => {
    await listenOn(join(folder, 'other.sock'));
    prepare();
    symlinkSync(target, sandbox.socketPath);
    expect(findSocketFault(sandbox)).toBe('its socket is a symbolic link that leads out of the root');
  });

  it('refuses a directory that is a link, whatever is behind it', async () => {
    mkdirSync(join(folder, 'outside'));
    await listenOn(join(folder, 'outside', 'shim-monitor.sock'));
    symlinkSync(join(folder, 'outside'), join(root, 'two'));
    expect(findSocketFault(sandboxIn(root, 'two', 0))).toBe('its directory is a symbolic link');
  });

  it.each([
    ['directory', 0o770, () => sandbox.directory, 'its directory may be written to by its group: mode 0770'],
    ['directory', 0o775, () => sandbox.directory, 'its directory may be written to by its group: mode 0775'],
    ['directory', 0o707, () => sandbox.directory, 'its directory may be written to by everybody: mode 0707'],
    ['sticky directory', 0o1777, () => sandbox.directory, 'its directory may be written to by everybody: mode 1777'],
    ['root', 0o770, () => root, 'the root may be written to by its group: mode 0770'],
    ['root', 0o777, () => root, 'the root may be written to by everybody: mode 0777'],
    ['socket', 0o666, () => sandbox.socketPath, 'its socket may be written to by everybody: mode 0666'],
    ['socket', 0o660, () => sandbox.socketPath, 'its socket may be written to by its group: mode 0660'],
  ])('refuses a %s of mode %o', async (_name, mode, pathOf, fault) => {
    await listenOn(sandbox.socketPath);
    chmodSync(pathOf(), mode);
    expect(findSocketFault(sandbox)).toBe(fault);
  });

  it.each([
    ['a socket of mode 0777 in a directory that no other user can enter', 0o700, 0o777],
    ['a socket that others may read', 0o755, 0o755],
  ])('has nothing against %s', async (_name, directoryMode, socketMode) => {
    await listenOn(sandbox.socketPath);
    chmodSync(sandbox.directory, directoryMode);
    chmodSync(sandbox.socketPath, socketMode);
    expect(findSocketFault(sandbox)).toBeUndefined();
  });

  it('accepts a sticky root, in which no user can replace what belongs to another', async () => {
    await listenOn(sandbox.socketPath);
    chmodSync(root, 0o1777);
    expect(findSocketFault(sandbox)).toBeUndefined();
  });

  it('refuses a link over a directory that others may write to', async () => {
    mkdirSync(join(root, 'two'));
    await listenOn(join(root, 'two', 'real.sock'));
    symlinkSync('../two/real.sock', sandbox.socketPath);
    chmodSync(join(root, 'two'), 0o777);
    expect(findSocketFault(sandbox)).toBe(
      'a directory that its link leads to may be written to by everybody: mode 0777',
    );
  });

  it.runIf(isRoot).each([
    ['socket', () => sandbox.socketPath, 'its socket belongs to user 65534'],
    ['directory', () => sandbox.directory, 'its directory belongs to user 65534'],
  ])('refuses a %s of another user', async (_name, pathOf, fault) => {
    await listenOn(sandbox.socketPath);
    chownSync(pathOf(), STRANGER_UID, STRANGER_UID);
    expect(findSocketFault(sandbox)).toBe(fault);
  });

  it.runIf(isRoot)("refuses a link to another user's socket, and a link in another user's directory", async () => {
    const target = join(sandbox.directory, 'real.sock');
    await listenOn(target);
    symlinkSync('real.sock', sandbox.socketPath);
    chownSync(target, STRANGER_UID, STRANGER_UID);
    expect(findSocketFault(sandbox)).toBe('the socket that its link leads to belongs to user 65534');
    chownSync(target, 0, 0);
    chownSync(sandbox.directory, STRANGER_UID, STRANGER_UID);
    expect(findSocketFault(sandbox)).toBe('its directory belongs to user 65534');
  });
});
