/**
 * /proc/<pid>/mountinfo: the mounts of a process. Collectors read it; no mount is omitted here.
 */
import { decodeNames } from './decode-names.ts';
import { type LastParsed, type Pid, type Procfs, readParsedUnlessSame } from './read.ts';
import { ignoreSkipped, type OnSkipped } from './skipped.ts';

/** One mount, in the order in which they were made: a later one at the same path covers an earlier one. */
export interface MountinfoEntry {
  /** Numbers of the device. Bind mounts of one file system have the same. */
  readonly major: string;
  readonly minor: string;
  /** Root of the mount in its file system: `/` for all of it, another path for a bind mount of a part. */
  readonly root: string;
  /** Path of the mount; bytes that are not UTF-8 are `\xff` here. */
  readonly mountPoint: string;
  /** The same as the kernel has it, to be opened by. */
  readonly mountPointBytes: Buffer;
  /** Options of this mount: `rw`, `noexec`. */
  readonly options: readonly string[];
  readonly fsType: string;
  /** Device, or what the file system has instead of one. */
  readonly source: string;
  /** Options of the file system: `rw`, `size=512k`. */
  readonly superOptions: readonly string[];
}

/** Limit: 100,000 mounts, which fs.mount-max allows unless an administrator has raised it, of 160 bytes. */
const MAX_BYTES = 16 * 1024 * 1024;

/** Mounts seldom change, and parsing a hundred of them takes longer than reading them. */
const last: { current: LastParsed<MountinfoEntry[]> | undefined } = { current: undefined };

/**
 * Reads /proc/<pid>/mountinfo, see proc_pid_mountinfo(5): the mounts in the namespace of a process. Undefined when the
 * process is not there, or has ended and is not waited for.
 */
export function readMountinfo(procfs: Procfs, pid: Pid): MountinfoEntry[] | undefined {
  return readParsedUnlessSame(procfs, [String(pid), 'mountinfo'], MAX_BYTES, parseMountinfo, last);
}

/** Skips lines of another form. */
export function parseMountinfo(bytes: Buffer, onSkipped: OnSkipped = ignoreSkipped): MountinfoEntry[] {
  // One character for each byte: names are bytes, and only some of them UTF-8.
  const lines = bytes
    .toString('latin1')
    .split('\n')
    .filter((line) => line.trim() !== '');
  return lines.flatMap((line) => {
    const mount = parseLine(line);
    if (mount === undefined) {
      onSkipped(line, 'six fields, a hyphen and three more');
      return [];
    }
    return [mount];
  });
}

function parseLine(line: string): MountinfoEntry | undefined {
  const fields = line.split(' ');
  // Optional fields stand between the options and a lone hyphen.
  const hyphen = fields.indexOf('-', 6);
  const device = /^(\d{1,10}):(\d{1,10})$/.exec(fields[2] ?? '');
  if (hyphen < 0 || fields.length < hyphen + 4 || device === null) {
    return undefined;
  }
  const mountPointBytes = unescapeOctal(fields[4]!);
  return {
    major: device[1]!,
    minor: device[2]!,
    root: decodeNames(unescapeOctal(fields[3]!)),
    mountPoint: decodeNames(mountPointBytes),
    mountPointBytes,
    options: fields[5]!.split(','),
    fsType: decodeNames(unescapeOctal(fields[hyphen + 1]!)),
    source: decodeNames(unescapeOctal(fields[hyphen + 2]!)),
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
