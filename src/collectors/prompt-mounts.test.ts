import { describe, expect, it } from 'vitest';
import { parseMountinfo } from '../procfs/index.ts';
import { isPrompt } from './prompt-mounts.ts';

const root = '1 0 254:0 / / rw - ext4 /dev/vda rw';
const shared = '2 1 0:40 / /run/shared rw - virtiofs kataShared rw';

describe('isPrompt', () => {
  it.each([
    ['a local root', true, [root]],
    ['a disk below it', true, [root, '2 1 254:1 / /data rw - xfs /dev/vdb rw']],
    ['a file system of the host', false, [root, shared]],
    ['a disk below one of the host', false, [root, shared, '3 2 254:1 / /run/shared/a rw - ext4 /dev/vdb rw']],
    ['a disk beside one of the host', true, [root, shared, '3 1 254:1 / /run/shared-not rw - ext4 /dev/vdb rw']],
    [
      'a disk in memory below one of the host',
      false,
      [
        ...[root, shared, '3 2 0:41 / /run/shared/a rw - tmpfs tmpfs rw'],
        '4 3 254:1 / /run/shared/a/b rw - ext4 /dev/vdb rw',
      ],
    ],
    ['a disk that covers one of the host', true, [root, shared, '3 1 254:1 / /run/shared rw - ext4 /dev/vdb rw']],
    [
      'an overlay of local directories',
      true,
      [root, '2 1 0:50 / /c rw - overlay overlay rw,lowerdir=/l/a:/l/b,upperdir=/u,workdir=/w'],
    ],
    [
      'an overlay over the host',
      false,
      [...[root, shared], '3 1 0:50 / /c rw - overlay overlay rw,lowerdir=/l:/run/shared/image,upperdir=/u,workdir=/w'],
    ],
    [
      'an overlay over the host by a later kernel',
      false,
      [
        ...[root, shared],
        '3 1 0:50 / /c rw - overlay overlay rw,lowerdir+=/l,lowerdir+=/run/shared/image,upperdir=/u,workdir=/w',
      ],
    ],
    [
      'an overlay of directories of another namespace',
      true,
      ['1 0 0:50 / / rw - overlay overlay rw,lowerdir=/var/lib/l,upperdir=/var/lib/u,workdir=/var/lib/w'],
    ],
    [
      'overlays of each other',
      true,
      [
        ...[root, '2 1 0:50 / /a rw - overlay overlay rw,lowerdir=/b'],
        '3 1 0:51 / /b rw - overlay overlay rw,lowerdir=/a',
      ],
    ],
    ['a file system of a program', false, ['1 0 0:50 / / rw - fuse.sshfs host:/ rw']],
    ['one of an unknown type', false, [root, '2 1 254:1 / /data rw - newfs /dev/vdb rw']],
  ])('%s: %s', (_, expected, lines) => {
    const mounts = parseMountinfo(Buffer.from(`${lines.join('\n')}\n`));
    expect(isPrompt(mounts.at(-1)!, mounts)).toBe(expected);
  });
});
