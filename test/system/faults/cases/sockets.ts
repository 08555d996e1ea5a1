/**
 * Faults of one sandbox: sockets and directories.
 */
import { spawnSync } from 'node:child_process';
import { chown, mkdir, rename, rmdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { answerInChunks, startFakeShim } from '../../../support/fake-shim.ts';
import { type Fault, nothingToClose, socketFault } from '../fault.ts';
import { goodBody } from '../good-body.ts';

const isRoot = process.getuid?.() === 0;
/** Of no user, on most systems. */
const STRANGER_UID = 65_534;
const noIds = ['.hidden', 'a b', 'quote"x', 'line\nfeed', '-dash', 'ü', 'x'.repeat(200)];
/** Ends without closing, so that the socket remains. */
const leaveSocket =
  'require("node:net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))';

export const sockets: readonly Fault[] = [
  // Has a socket that belongs to neither root nor the user of the monitor. Only root can create it.
  {
    name: 'another-owner',
    start: async ({ socketPath }) => {
      const shim = await startFakeShim(socketPath, answerInChunks(goodBody));
      await (isRoot ? chown(socketPath, STRANGER_UID, STRANGER_UID) : undefined);
      return shim;
    },
    canBeWell: false,
    isUp: !isRoot,
    reasons: isRoot ? ['unsafe_socket'] : [],
    kept: isRoot ? '' : goodBody,
  },
  // Creates directories in the root whose names are not ids: they are not sandboxes.
  {
    name: 'directory-without-an-id',
    start: async ({ root, directory, outside }) => {
      await rename(directory, join(outside, 'moved'));
      await Promise.all(noIds.map((name) => mkdir(join(root, name))));
      return nothingToClose;
    },
    canBeWell: false,
    isUp: undefined,
    reasons: [],
    kept: '',
  },
  // Has a symbolic link to a socket inside the root, which is followed.
  {
    name: 'link-inside',
    start: async ({ directory, socketPath }) => {
      const target = join(directory, 'real.sock');
      await symlink('real.sock', socketPath);
      return startFakeShim(target, answerInChunks(goodBody));
    },
    canBeWell: false,
    isUp: true,
    reasons: [],
    kept: goodBody,
  },
  // Has a symbolic link to another one in its directory, which leads out of the root.
  socketFault('link-over-a-link', 'unsafe_socket', async ({ directory, outside, socketPath }) => {
    const target = join(outside, 'behind.sock');
    await symlink(target, join(directory, 'next.sock'));
    await symlink('next.sock', socketPath);
    return startFakeShim(target, answerInChunks(goodBody));
  }),
  // Has a symbolic link to itself.
  socketFault('link-to-nothing', 'unsafe_socket', async ({ socketPath }) => {
    await symlink('shim-monitor.sock', socketPath);
    return nothingToClose;
  }),
  // Has a symbolic link to a socket outside the root, where processes other than the runtime may listen.
  socketFault('link-to-outside', 'unsafe_socket', async ({ outside, socketPath }) => {
    const target = join(outside, 'other.sock');
    await symlink(target, socketPath);
    return startFakeShim(target, answerInChunks(goodBody));
  }),
  // Is a symbolic link to a directory with a socket: it is not followed, and reported.
  socketFault('linked-directory', 'unsafe_socket', async ({ outside, directory }) => {
    const target = join(outside, 'linked');
    await mkdir(target);
    const shim = await startFakeShim(join(target, 'shim-monitor.sock'), answerInChunks(goodBody));
    await rmdir(directory);
    await symlink(target, directory);
    return shim;
  }),
  // Has a regular file in place of its socket.
  socketFault('plain-file', 'refused', async ({ socketPath }) => {
    await writeFile(socketPath, goodBody);
    return nothingToClose;
  }),
  // Has been without a socket for a long time.
  socketFault('socket-missing', 'missing', async ({ directory }) => {
    await utimes(directory, 0, 0);
    return nothingToClose;
  }),
  // Has left a socket on which no process listens.
  socketFault('socket-refused', 'refused', async ({ socketPath }) => {
    spawnSync(process.execPath, ['-e', leaveSocket, socketPath]);
    return nothingToClose;
  }),
  // Has no socket yet, in a directory that was created a moment ago.
  socketFault('starting', 'starting', async () => nothingToClose),
];
