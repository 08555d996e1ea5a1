/**
 * Reads files below the root of a proc file system or of a cgroup. Every reader of this module goes through here; what is
 * read is parsed elsewhere. No reader rejects for what a file is: one that cannot be read is recorded and `undefined`, so
 * that it costs only its own values.
 */
import { closeSync, fstatSync, opendirSync, openSync, readlinkSync, readSync, statfsSync } from 'node:fs';
import { decodeNames } from './decode-names.ts';
import { KeptDescriptors } from './kept-descriptors.ts';
import { type KeptLines, noKeptLines } from './kept-lines.ts';
import { ignoreSkipped, type OnSkipped, type SkippedRecord } from './skipped.ts';

/** A mounted proc file system, a cgroup, or a tree of files that looks like one. */
export interface Procfs {
  /** Where it is: `/proc`. */
  readonly root: string;
  /** Gets what cannot be read. Default: nothing is recorded. */
  readonly skipped?: SkippedRecord | undefined;
  /** What was read of each file, by its path, where each is read once: see `snapshotOf`. */
  readonly snapshot?: Map<string, unknown>;
  /** Files that stay open, see `keepOpen`. */
  readonly descriptors?: KeptDescriptors | undefined;
}

/** A process of a proc file system: its number, or the one that reads. */
export type Pid = number | 'self';

export function createProcfs(root = '/proc', skipped?: SkippedRecord): Procfs {
  return skipped === undefined ? { root } : { root, skipped };
}

/**
 * The same files, of which those that are read at each scrape stay open, for a program that scrapes for as long as it runs.
 * Only of /proc itself: another tree may have files that are replaced. Close `descriptors` at the end.
 */
export function keepOpen(procfs: Procfs): Procfs {
  return procfs.root === '/proc' ? { ...procfs, descriptors: new KeptDescriptors() } : procfs;
}

/**
 * The same files, each read and parsed at most once: for one scrape, in which several collectors need the same files. They
 * get the same objects, and what is skipped of a file is counted once.
 */
export function snapshotOf({ root, skipped, descriptors }: Procfs): Procfs {
  return { root, skipped, descriptors, snapshot: new Map() };
}

/** Limit of files that the kernel makes in one page: a line or two, or a table of fixed length. */
export const ONE_PAGE_BYTES = 4096;

/**
 * Limit of files with a line for each CPU, disk or interface. 8,192 CPUs, the most that Linux can be built for, need
 * 2 MiB of /proc/stat; ten thousand disks or interfaces less.
 */
export const DEVICE_LIST_BYTES = 4 * 1024 * 1024;

/** Most files of /proc fit; the size that stat(2) gives there is always 0. */
const FIRST_READ_BYTES = 16 * 1024;

/** Read into by every call and left before it returns; reads are synchronous, so there is only ever one. */
const scratch = Buffer.allocUnsafeSlow(FIRST_READ_BYTES);

/** Of a file whose bytes are kept: larger ones are parsed each time. */
const MAX_KEPT_BYTES = 64 * 1024;

/** Batches in which a directory is read. */
const NAMES_AT_ONCE = 256;

/**
 * The file or its process is not there. ESRCH comes when a process ends while its file is read; EINVAL for the mounts
 * and ENXIO for the network of one that has ended, or is just ending; ENODEV when a cgroup is removed while its file is
 * read; ENOTSUP for a file of a cgroup that this kernel has and does not fill.
 */
const ABSENT: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ESRCH', 'EINVAL', 'ENXIO', 'ENODEV', 'ENOTSUP']);

/**
 * Makes something of a text, and calls `onSkipped` for each line that it cannot use. It may use what it has kept of the lines of
 * the same file.
 */
export type Parser<I, T> = (input: I, onSkipped: OnSkipped, kept?: KeptLines) => T;

/**
 * The bytes of a file, parsed; undefined when it, or the process it speaks of, is not there or cannot be read. Of a file
 * that is longer than `maxBytes`, the lines that fit. Read at once and synchronously: these files are made in memory when
 * they are read, and a trip to the thread pool costs several times the read (4 µs for a file of one line).
 */
export function readParsedBytes<T>(
  procfs: Procfs,
  path: readonly string[],
  maxBytes: number,
  parse: Parser<Buffer, T>,
): T | undefined {
  return readFile(procfs, path, maxBytes, (bytes, onSkipped) => parse(bytes, onSkipped));
}

/** As `readParsedBytes`, as text. Bytes that are not UTF-8 come as `\xff`. */
export function readParsed<T>(
  procfs: Procfs,
  path: readonly string[],
  maxBytes: number,
  parse: Parser<string, T>,
): T | undefined {
  return readFile(procfs, path, maxBytes, (bytes, onSkipped, file) => parseUnlessSame(bytes, onSkipped, file, parse));
}

/** What was read of a file the last time, and what a parser made of it. */
interface KeptFile {
  text: string | undefined;
  parser: unknown;
  value: unknown;
  readonly lines: KeptLines;
}

const keptFiles = new Map<string, KeptFile>();
/** At more files, all are forgotten: processes and cgroups come and go. */
const MAX_KEPT_FILES = 256;
/** Of a file whose text is kept: /proc/vmstat has 4 KiB, and /proc/stat of 64 CPUs 10. */
const MAX_KEPT_TEXT_BYTES = 16 * 1024;

/** As the parser, which is not called for the text that it was called for last, unless it skipped a line of that. */
function parseUnlessSame<T>(bytes: Buffer, onSkipped: OnSkipped, file: string, parse: Parser<string, T>): T {
  const text = decodeNames(bytes);
  if (bytes.length > MAX_KEPT_TEXT_BYTES) {
    return parse(text, onSkipped);
  }
  let kept = keptFiles.get(file);
  if (kept === undefined || kept.parser !== parse) {
    kept = { text: undefined, parser: parse, value: undefined, lines: noKeptLines() };
    if (keptFiles.size >= MAX_KEPT_FILES) {
      keptFiles.clear();
    }
    keptFiles.set(file, kept);
  } else if (kept.text === text) {
    return kept.value as T;
  }
  let isWhole = true;
  const value = parse(
    text,
    (line, expected) => {
      isWhole = false;
      onSkipped(line, expected);
    },
    kept.lines,
  );
  kept.text = isWhole ? text : undefined;
  kept.value = value;
  return value;
}

/** What the parser made of a file the last time: of the same bytes it would make the same. */
export interface LastParsed<T> {
  readonly file: string;
  readonly bytes: Buffer;
  readonly value: T;
}

/**
 * As `readParsedBytes`, for a file that seldom changes: the same bytes are not parsed again. A file with lines that are
 * skipped is, so that they are counted again.
 */
export function readParsedUnlessSame<T>(
  procfs: Procfs,
  path: readonly string[],
  maxBytes: number,
  parse: Parser<Buffer, T>,
  last: { current: LastParsed<T> | undefined },
): T | undefined {
  return readFile(procfs, path, maxBytes, (bytes, onSkipped) => {
    const file = fileOf(procfs.root, path);
    if (last.current?.file === file && last.current.bytes.equals(bytes)) {
      return last.current.value;
    }
    let isWhole = true;
    const value = parse(bytes, (line, expected) => {
      isWhole = false;
      onSkipped(line, expected);
    });
    last.current = isWhole && bytes.length <= MAX_KEPT_BYTES ? { file, bytes: Buffer.from(bytes), value } : undefined;
    return value;
  });
}

/** As `readParsed`, of a process. An empty file is one of a process that has just ended. */
export function readParsedOfProcess<T>(
  procfs: Procfs,
  pid: Pid,
  name: string,
  maxBytes: number,
  parse: Parser<string, T>,
): T | undefined {
  return readFile(procfs, [String(pid), name], maxBytes, (bytes, onSkipped, file) =>
    bytes.length === 0 ? undefined : parseUnlessSame(bytes, onSkipped, file, parse),
  );
}

/** PROC_SUPER_MAGIC of statfs(2). */
const PROC_MAGIC = 0x9fa0;

const isProcByRoot = new Map<string, boolean>();

/**
 * The number of open descriptors in a directory `fd` of a mounted proc file system: its size since Linux 6.2, which costs a
 * tenth of reading the names. Undefined where that is not known, or the directory may not be read.
 */
export function countDescriptors({ root }: Procfs, path: readonly string[]): number | undefined {
  const directory = fileOf(root, path);
  try {
    let isProc = isProcByRoot.get(root);
    if (isProc === undefined) {
      isProc = statfsSync(root).type === PROC_MAGIC;
      isProcByRoot.set(root, isProc);
    }
    if (!isProc) {
      return undefined;
    }
    // Opened, because the kernel gives the size to those who may not read the directory too.
    const descriptor = openSync(directory, 'r');
    try {
      const { size } = fstatSync(descriptor);
      return size > 0 ? size : undefined;
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return undefined;
  }
}

/** How many entries a directory has; undefined when it is not there, cannot be read, or has more than `maxEntries`. */
export function countEntries(procfs: Procfs, path: readonly string[], maxEntries: number): number | undefined {
  let count = 0;
  const isThere = walkEntries(procfs, path, maxEntries, () => {
    count += 1;
  });
  return isThere ? count : undefined;
}

/** The names in a directory, in no order; undefined when it is not there, cannot be read, or has more than `maxEntries`. */
export function readNames(procfs: Procfs, path: readonly string[], maxEntries: number): string[] | undefined {
  const names: string[] = [];
  return walkEntries(procfs, path, maxEntries, (name) => names.push(name)) ? names : undefined;
}

/** False when the directory is not there, or not all of it can be read. */
function walkEntries(
  { root, skipped }: Procfs,
  path: readonly string[],
  maxEntries: number,
  onName: (name: string) => void,
): boolean {
  const name = fileOf(root, path);
  const isWalked = unlessAbsent(name, path, skipped, () => {
    const directory = opendirSync(name, { bufferSize: NAMES_AT_ONCE });
    try {
      let count = 0;
      for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
        count += 1;
        if (count > maxEntries) {
          throw new RangeError(`more than ${maxEntries} entries`);
        }
        onName(entry.name);
      }
      return true;
    } finally {
      directory.closeSync();
    }
  });
  return isWalked ?? false;
}

const LINE_FEED = 10;

/** What `self` stands for in /proc, whose processes may be numbered in another namespace than this one. */
let ownPid: string | undefined;

/** The same file by the number of the process: a shim is one of the processes that it reads by number. */
function withoutSelf(root: string, file: string): string {
  const self = `${root}/self/`;
  if (root !== '/proc' || !file.startsWith(self)) {
    return file;
  }
  ownPid ??= readlinkSync('/proc/self');
  return `${root}/${ownPid}/${file.slice(self.length)}`;
}

/** What the parser is given is only valid until it returns: the memory is used again. */
function readFile<T>(
  { root, skipped, snapshot, descriptors }: Procfs,
  path: readonly string[],
  maxBytes: number,
  parse: (bytes: Buffer, onSkipped: OnSkipped, file: string) => T,
): T | undefined {
  const file = fileOf(root, path);
  const key = snapshot !== undefined && path[0] === 'self' ? withoutSelf(root, file) : file;
  if (snapshot?.has(key) === true) {
    return snapshot.get(key) as T | undefined;
  }
  const onSkipped: OnSkipped =
    skipped === undefined ? ignoreSkipped : (line, expected) => skipped.skippedLine(labelFile(path), line, expected);
  const bytes = unlessAbsent(file, path, skipped, () => {
    const kept = descriptors === undefined ? undefined : readKept(descriptors, file, path.join('/'), maxBytes);
    return kept ?? readOnce(file, maxBytes);
  });
  const value = bytes && parseUpTo(maxBytes, bytes, onSkipped, (up) => parse(up, onSkipped, key));
  snapshot?.set(key, value);
  return value;
}

function readOnce(file: string, maxBytes: number): Buffer {
  const descriptor = openSync(file, 'r');
  try {
    return readToEnd(descriptor, maxBytes);
  } finally {
    closeSync(descriptor);
  }
}

/** Undefined for a file that does not stay open, or that cannot be read by the descriptor that it had. */
function readKept(descriptors: KeptDescriptors, file: string, name: string, maxBytes: number): Buffer | undefined {
  const kept = descriptors.open(file, name);
  if (kept === undefined) {
    return undefined;
  }
  try {
    if (!kept.isOneRecord) {
      return readToEnd(kept.descriptor, maxBytes, 0);
    }
    const length = readSync(kept.descriptor, scratch, 0, scratch.length, 0);
    // A read that fills the buffer may have more after it.
    return length < scratch.length && length <= maxBytes
      ? scratch.subarray(0, length)
      : readToEnd(kept.descriptor, maxBytes, 0);
  } catch {
    descriptors.forget(name);
    return undefined;
  }
}

function parseUpTo<T>(maxBytes: number, bytes: Buffer, onSkipped: OnSkipped, parse: (bytes: Buffer) => T): T {
  if (bytes.length <= maxBytes) {
    return parse(bytes);
  }
  onSkipped('', `at most ${maxBytes} bytes`);
  // The last line may go on: a number of it would be a wrong one.
  return parse(bytes.subarray(0, bytes.lastIndexOf(LINE_FEED) + 1));
}

/**
 * All of an open file, or one byte more than `maxBytes`; valid until the next call. `position`: where to begin; default: where
 * the last read has ended.
 * @throws the errors of read(2).
 */
export function readToEnd(descriptor: number, maxBytes: number, position?: number): Buffer {
  let buffer = scratch;
  for (let length = 0; ; ) {
    const bytesRead = readSync(
      descriptor,
      buffer,
      length,
      buffer.length - length,
      position === undefined ? null : position + length,
    );
    length += bytesRead;
    if (bytesRead === 0 || length > maxBytes) {
      return buffer.subarray(0, Math.min(length, maxBytes + 1));
    }
    if (length === buffer.length) {
      // One byte more than the limit shows that it is crossed.
      buffer = Buffer.concat([buffer], Math.min(2 * length, maxBytes + 1));
    }
  }
}

/** Runs a read of `file`; what is not there becomes undefined, and what cannot be read too and is recorded. */
export function unlessAbsent<T>(
  file: string,
  path: readonly string[],
  skipped: SkippedRecord | undefined,
  read: () => T,
): T | undefined {
  try {
    return read();
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (!ABSENT.has(code)) {
      skipped?.unreadable(labelFile(path), `Cannot read "${file}": ${message}`);
    }
    return undefined;
  }
}

function fileOf(root: string, path: readonly string[]): string {
  return path.length === 0 ? root : `${root}/${path.join('/')}`;
}

/** Which file it is, without the numbers of processes. */
function labelFile(path: readonly string[]): string {
  const [first = ''] = path;
  return (/^\d+$/.test(first) ? ['pid', ...path.slice(1)] : path).join('/');
}
