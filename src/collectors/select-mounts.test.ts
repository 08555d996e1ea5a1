import { describe, expect, it } from 'vitest';
import { parseMountinfo } from '../procfs/index.ts';
import { selectMounts } from './select-mounts.ts';

const select = (...lines: string[]): string[] =>
  selectMounts(parseMountinfo(Buffer.from(`${lines.join('\n')}\n`))).map(({ mountPoint }) => mountPoint);

const ROOT = '1 0 254:0 / / rw,relatime - ext4 /dev/vda rw';

describe('selectMounts', () => {
  it.each([
    ['a disk', '2 1 254:1 / /data rw shared:1 - xfs /dev/vdb rw', ['/', '/data']],
    ['a tmpfs', '2 1 0:40 / /run rw - tmpfs tmpfs rw,size=1k', ['/', '/run']],
    ['shared memory', '2 1 0:40 / /dev/shm rw - tmpfs shm rw', ['/', '/dev/shm']],
    ['the share of the host', '2 1 0:40 / /run/share rw - virtiofs kataShared rw', ['/', '/run/share']],
    ['a name with a blank', '2 1 254:1 / /a\\040b rw - ext4 /dev/vdb rw', ['/', '/a b']],
    ['no mount that can only be read', '2 1 254:1 / /data ro - ext4 /dev/vdb rw', ['/']],
    ['no file system that can only be read', '2 1 254:1 / /data rw - ext4 /dev/vdb ro', ['/']],
    ['no image', '2 1 7:0 / /image rw - squashfs /dev/loop0 ro', ['/']],
    ['no proc', '2 1 0:20 / /proc rw - proc proc rw', ['/']],
    ['no cgroup', '2 1 0:20 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw', ['/']],
    ['no tmpfs of the system', '2 1 0:20 / /sys/fs/cgroup rw - tmpfs tmpfs rw', ['/']],
    ['no device directory', '2 1 0:6 / /dev rw - tmpfs dev rw', ['/']],
    ['no NFS', '2 1 0:50 / /mnt rw - nfs4 server:/export rw', ['/']],
    ['no CIFS', '2 1 0:50 / /mnt rw - cifs //server/share rw', ['/']],
    ['no FUSE', '2 1 0:50 / /mnt rw - fuse.sshfs host: rw', ['/']],
    ['a bind mount by its shortest path', '2 1 254:0 /etc /etc/hosts rw - ext4 /dev/vda rw', ['/']],
  ])('takes %s', (_, line, mountPoints) => {
    expect(select(ROOT, line)).toEqual(mountPoints);
  });

  it('takes the first of two paths of the same length', () => {
    expect(select('2 1 254:1 / /b rw - ext4 /dev/vdb rw', '3 1 254:1 / /a rw - ext4 /dev/vdb rw')).toEqual(['/b']);
  });

  it('leaves out a mount that another one covers', () => {
    expect(select('2 1 254:1 / /a rw - ext4 /dev/vdb rw', '3 1 0:50 / /a rw - nfs4 server:/ rw')).toEqual([]);
  });
});
