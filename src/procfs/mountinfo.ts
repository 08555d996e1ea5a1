/**
 * /proc/<pid>/mountinfo: what is mounted where. Collectors read it; no mount is left out here.
 */
import { malformed } from './procfs-error.ts';
import { type Pid, type Procfs, readBytes } from './read.ts';

/** One mount, in the order in which they were made: a later one at the same path covers an earlier one. */
export interface MountinfoEntry {
  /** Numbers of the device. Bind mounts of one file system have the same. */
  readonly major: string;
  readonly minor: string;
  /** Path of the mount; bytes that are not UTF-8 are replacement characters here. */
  readonly mountPoint: string;
  /** The same as the kernel has it, to be opened by. */
  readonly mountPointBytes: Buffer;
  /** Of this mount: `rw`, `noexec`. */
  readonly options: readonly string[];
  readonly fsType: string;
  /** Device, or what the file system has instead of one. */
  readonly source: string;
  /** Of the file system: `rw`, `size=512k`. */
  readonly superOptions: readonly string[];
}

/** Bound: 100,000 mounts, which fs.mount-max allows unless an administrator has raised it, of 160 bytes. */
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * Reads /proc/<pid>/mountinfo, see proc_pid_mountinfo(5): the mounts in the namespace of a process. Undefined when the
 * process is not there, or has ended and is not waited for.
 * @throws {ProcfsError}
 */
export async function readMountinfo(procfs: Procfs, pid: Pid): Promise<MountinfoEntry[] | undefined> {
  const bytes = await readBytes(procfs, [String(pid), 'mountinfo'], MAX_BYTES);
  return bytes === undefined ? undefined : parseMountinfo(bytes);
}

/** @throws {ProcfsError} `malformed` */
export function parseMountinfo(bytes: Buffer): MountinfoEntry[] {
  // One character for each byte: names are bytes, and only some of them UTF-8.
  const lines = bytes
    .toString('latin1')
    .split('\n')
    .filter((line) => line !== '');
  return lines.map(parseLine);
}

function parseLine(line: string): MountinfoEntry {
  const fields = line.split(' ');
  // Optional fields stand between the options and a lone hyphen.
  const hyphen = fields.indexOf('-', 6);
  const device = /^(\d+):(\d+)$/.exec(fields[2] ?? '');
  if (hyphen < 0 || fields.length < hyphen + 4 || device === null) {
    throw malformed('mountinfo', 'six fields, a hyphen and three more', line);
  }
  const mountPointBytes = unescapeOctal(fields[4]!);
  return {
    major: device[1]!,
    minor: device[2]!,
    mountPoint: mountPointBytes.toString('utf8'),
    mountPointBytes,
    options: fields[5]!.split(','),
    fsType: unescapeOctal(fields[hyphen + 1]!).toString('utf8'),
    source: unescapeOctal(fields[hyphen + 2]!).toString('utf8'),
    // Some file systems do not escape the blanks in what they say of themselves.
    superOptions: fields
      .slice(hyphen + 3)
      .join(' ')
      .split(','),
  };
}

/** The kernel writes blank, tab, line feed, backslash and hash in names as three octal digits: `\040`. */
function unescapeOctal(field: string): Buffer {
  const text = field.replace(/\\([0-3][0-7]{2})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
  return Buffer.from(text, 'latin1');
}
