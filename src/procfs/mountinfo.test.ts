import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRecorded } from '../../test/support/skipped-lines.ts';
import { parseMountinfo } from './mountinfo.ts';

const parseText = (text: string) => parseMountinfo(Buffer.from(text));

describe('parseMountinfo', () => {
  it.each([
    ['no optional field', '27 1 254:0 / /mnt rw - ext4 /dev/vda rw', '/mnt', 'ext4', '/dev/vda'],
    ['one optional field', '27 1 254:0 / /mnt rw shared:7 - ext4 /dev/vda rw', '/mnt', 'ext4', '/dev/vda'],
    ['three of them', '27 1 254:0 / /mnt rw shared:7 master:1 unbindable - ext4 a rw', '/mnt', 'ext4', 'a'],
    ['a blank', '28 27 0:24 / /mnt/with\\040blank rw - tmpfs a\\040source rw', '/mnt/with blank', 'tmpfs', 'a source'],
    ['tab, line feed, backslash, hash', '28 27 0:24 / /\\011\\012\\134\\043 rw - tmpfs t rw', '/\t\n\\#', 'tmpfs', 't'],
    ['a backslash that stands for itself', '28 27 0:24 / /a\\09 rw - tmpfs t rw', '/a\\09', 'tmpfs', 't'],
    ['an empty source', '28 27 0:24 / /mnt rw - tmpfs  rw', '/mnt', 'tmpfs', ''],
    ['a source that is a hyphen', '28 27 0:24 / /mnt rw - tmpfs - rw', '/mnt', 'tmpfs', '-'],
    ['a path that is a hyphen', '28 27 0:24 - - rw - tmpfs t rw', '-', 'tmpfs', 't'],
    ['a type with a subtype', '28 27 0:24 / /mnt rw - fuse.sshfs me@host: rw', '/mnt', 'fuse.sshfs', 'me@host:'],
    ['UTF-8', '28 27 0:24 / /mnt/é rw - tmpfs t rw', '/mnt/é', 'tmpfs', 't'],
  ])('%s', (_, line, mountPoint, fsType, source) => {
    expect(parseText(`${line}\n`)).toMatchObject([{ mountPoint, fsType, source }]);
  });

  it.each([
    ['no hyphen', '27 1 254:0 / /mnt rw ext4 /dev/vda rw'],
    ['nothing behind the hyphen', '27 1 254:0 / /mnt rw -'],
    ['no options of the file system', '27 1 254:0 / /mnt rw - ext4 /dev/vda'],
    ['a hyphen too early', '27 1 254:0 / /mnt - ext4 /dev/vda rw'],
    ['a device without a colon', '27 1 2540 / /mnt rw - ext4 /dev/vda rw'],
    ['a device of letters', '27 1 a:b / /mnt rw - ext4 /dev/vda rw'],
    ['a line of fstab', '/dev/vda /mnt ext4 rw 0 0'],
  ])('not: %s', (_, line) => {
    const good = '1 1 0:2 / /b rw - tmpfs one rw';
    expect(parseRecorded(parseMountinfo, Buffer.from(`${line}\n${good}\n`))).toMatchObject({
      value: [{ mountPoint: '/b' }],
      skipped: [line],
    });
  });

  it('gives every part of a line', () => {
    expect(parseText('36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n')).toEqual([
      {
        major: '98',
        minor: '0',
        root: '/mnt1',
        mountPoint: '/mnt2',
        mountPointBytes: Buffer.from('/mnt2'),
        options: ['rw', 'noatime'],
        fsType: 'ext3',
        source: '/dev/root',
        superOptions: ['rw', 'errors=continue'],
      },
    ]);
  });

  it('keeps blanks in options of the file system that it did not escape', () => {
    expect(parseText('1 1 0:2 / /m rw - 9p share rw,tag=a b,dirsync')[0]?.superOptions).toEqual([
      'rw',
      'tag=a b',
      'dirsync',
    ]);
  });

  it('keeps the order of the mounts, and covered ones', () => {
    const lines = [
      '1 1 0:2 / /b rw - tmpfs one rw',
      '2 1 0:3 / /a rw - tmpfs two rw',
      '3 1 0:4 / /b rw - tmpfs three rw',
    ];
    expect(parseText(`${lines.join('\n')}\n`).map(({ source }) => source)).toEqual(['one', 'two', 'three']);
  });

  it('keeps the bytes of any path, as the kernel escapes it', () => {
    const path = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => bytes.map((byte) => byte || 1));
    fc.assert(
      fc.property(path, (bytes) => {
        const escaped = [...bytes].flatMap((byte) => {
          return [0x09, 0x0a, 0x20, 0x23, 0x5c].includes(byte)
            ? [...Buffer.from(`\\${byte.toString(8).padStart(3, '0')}`)]
            : [byte];
        });
        const line = [Buffer.from('1 1 0:2 / '), Buffer.from(escaped), Buffer.from(' rw - tmpfs t rw\n')];
        const [mount] = parseMountinfo(Buffer.concat(line));
        expect(mount?.mountPointBytes).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it('gives paths of different bytes different names', () => {
    const line = (byte: number) =>
      Buffer.concat([Buffer.from('1 1 0:2 / /m'), Buffer.from([byte]), Buffer.from(' rw - tmpfs t rw\n')]);
    const mounts = parseMountinfo(Buffer.concat([line(0xff), line(0xfe), line(0x61)]));
    expect(mounts.map(({ mountPoint }) => mountPoint)).toEqual(['/m\\xff', '/m\\xfe', '/ma']);
  });
});
