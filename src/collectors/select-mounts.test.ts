import { describe, expect, it } from 'vitest';
import { parseMountinfo } from '../procfs/index.ts';
import { deviceLabel, selectMounts } from './select-mounts.ts';

const select = (...lines: string[]): string[] =>
  selectMounts(parseMountinfo(Buffer.from(`${lines.join('\n')}\n`))).map(
    (mount) => `${mount.mountPoint} ${deviceLabel(mount)}`,
  );

const ROOT = '1 0 254:0 / / rw,relatime - ext4 /dev/vda rw';

/** What the Rust agent of Kata Containers 4.1 selects, and how it names the devices. */
describe('selectMounts', () => {
  it.each([
    ['xfs', '2 1 254:1 / /data rw shared:1 - xfs /dev/vdb1 rw', ['/ vda', '/data vdb1']],
    ['btrfs', '2 1 0:41 / /data rw - btrfs /dev/mapper/pool rw', ['/ vda', '/data pool']],
    ['vfat', '2 1 254:1 / /boot rw - vfat /dev/vdb rw', ['/ vda', '/boot vdb']],
    ['overlay, which has no device', '2 1 0:42 / /c rw - overlay overlay rw', ['/ vda', '/c 0:42']],
    ['a source that ends in a slash', '2 1 254:1 / /data rw - xfs / rw', ['/ vda', '/data 254:1']],
    ['a name with a blank', '2 1 254:1 / /a\\040b rw - ext4 /dev/vdb rw', ['/ vda', '/a b vdb']],
    ['a read-only bind mount', '2 1 254:1 / /data ro - ext4 /dev/vdb rw', ['/ vda', '/data vdb']],
    ['no file system that is read-only', '2 1 254:1 / /data rw - ext4 /dev/vdb ro', ['/ vda']],
    ['no tmpfs', '2 1 0:40 / /run rw - tmpfs tmpfs rw,size=1k', ['/ vda']],
    ['no share of the host', '2 1 0:40 / /run/share rw - virtiofs kataShared rw', ['/ vda']],
    ['no ext2', '2 1 254:1 / /data rw - ext2 /dev/vdb rw', ['/ vda']],
    ['no image', '2 1 7:0 / /image rw - squashfs /dev/loop0 ro', ['/ vda']],
    ['no proc', '2 1 0:20 / /proc rw - proc proc rw', ['/ vda']],
    ['no cgroup', '2 1 0:20 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw', ['/ vda']],
    ['no NFS', '2 1 0:50 / /mnt rw - nfs4 server:/export rw', ['/ vda']],
    ['no FUSE', '2 1 0:50 / /mnt rw - fuse.sshfs host: rw', ['/ vda']],
    ['no second mount of a device', '2 1 254:0 /etc /etc/hosts rw - ext4 /dev/vda rw', ['/ vda']],
  ])('selects %s', (_, line, mounts) => {
    expect(select(ROOT, line)).toEqual(mounts);
  });

  it('selects the first mount of a device, whatever the length of its path', () => {
    const lines = ['2 1 254:1 / /long/path rw - ext4 /dev/vdb rw', '3 1 254:1 / /a rw - ext4 /dev/vdb rw'];
    expect(select(...lines)).toEqual(['/long/path vdb']);
    // Where the first one is covered, the next one.
    expect(select(...lines, '4 1 0:50 / /long/path rw - nfs4 server:/ rw')).toEqual(['/a vdb']);
  });

  it('leaves out a mount that another one covers', () => {
    expect(select('2 1 254:1 / /a rw - ext4 /dev/vdb rw', '3 1 0:50 / /a rw - nfs4 server:/ rw')).toEqual([]);
  });
});
