/**
 * Writes an archive of the "newc" form, which the kernel unpacks as initramfs: see initramfs-buffer-format.rst of the
 * kernel's documentation. Called by the guest's build. The same entries give the same bytes: no times, no owners, inode
 * numbers by position. Reads no file.
 */

export type ArchiveEntry =
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number }
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly content: Buffer }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | { readonly kind: 'character-device'; readonly path: string; readonly mode: number; readonly device: DeviceNumber };

export interface DeviceNumber {
  readonly major: number;
  readonly minor: number;
}

/** File type bits of st_mode, inode(7). */
const TYPE_BITS = { directory: 0o040000, file: 0o100000, link: 0o120000, 'character-device': 0o020000 } as const;
const LINK_MODE = 0o777;

/** Every field of the header is eight hexadecimal digits. */
const MAX_FIELD = 0xffff_ffff;
const ALIGNMENT = 4;
/** Name of the entry that ends an archive. */
const TRAILER = 'TRAILER!!!';
const NO_DEVICE: DeviceNumber = { major: 0, minor: 0 };
const NO_CONTENT = Buffer.alloc(0);

/**
 * The archive's pieces in their order, not joined: an initramfs has a hundred megabytes. Entries are written by path, so
 * that a directory comes before what is in it. Throws a TypeError for a path that is absolute, leads out, or comes twice;
 * a RangeError for a file of 4 GiB or more.
 */
export function encodeArchive(entries: readonly ArchiveEntry[]): Buffer[] {
  const sorted = [...entries].sort((a, b) => (a.path < b.path ? -1 : 1));
  const pieces = sorted.flatMap((entry, index) => {
    checkPath(entry.path, sorted[index - 1]?.path);
    return encodeEntry(entry, index + 1);
  });
  return [...pieces, ...encodeMember({ name: TRAILER, inode: 0, mode: 0, device: NO_DEVICE, content: NO_CONTENT })];
}

function checkPath(path: string, previous: string | undefined): void {
  const parts = path.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..') || path.includes('\0')) {
    throw new TypeError(`Cannot write "${path}" to an archive: expected a relative path without "." and ".."`);
  }
  if (path === previous) {
    throw new TypeError(`Cannot write "${path}" to an archive: it is there already`);
  }
}

function encodeEntry(entry: ArchiveEntry, inode: number): Buffer[] {
  const common = { name: entry.path, inode, device: NO_DEVICE, content: NO_CONTENT };
  const type = TYPE_BITS[entry.kind];
  switch (entry.kind) {
    case 'directory':
      return encodeMember({ ...common, mode: type | entry.mode });
    case 'file':
      return encodeMember({ ...common, mode: type | entry.mode, content: entry.content });
    case 'link':
      return encodeMember({ ...common, mode: type | LINK_MODE, content: Buffer.from(entry.target) });
    case 'character-device':
      return encodeMember({ ...common, mode: type | entry.mode, device: entry.device });
  }
}

interface Member {
  readonly name: string;
  readonly inode: number;
  readonly mode: number;
  readonly device: DeviceNumber;
  readonly content: Buffer;
}

function encodeMember({ name, inode, mode, device, content }: Member): Buffer[] {
  if (content.length > MAX_FIELD) {
    throw new RangeError(`Cannot write "${name}" to an archive: ${content.length} bytes are more than ${MAX_FIELD}`);
  }
  const nameBytes = Buffer.from(`${name}\0`);
  const owner = 0;
  const linkCount = 1;
  const modificationTime = 0;
  const noChecksum = 0;
  const fields = [
    inode,
    mode,
    owner,
    owner,
    linkCount,
    modificationTime,
    content.length,
    NO_DEVICE.major,
    NO_DEVICE.minor,
    device.major,
    device.minor,
    nameBytes.length,
    noChecksum,
  ];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return [pad(Buffer.concat([Buffer.from(header), nameBytes])), content, padding(content.length)];
}

function pad(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, padding(bytes.length)]);
}

function padding(length: number): Buffer {
  return Buffer.alloc((ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT);
}
