/**
 * Reads files below the root of a proc file system or of a cgroup. Every reader of this module uses this file; the parsers
 * are elsewhere. No function throws because of a file: if it cannot be read, the failure is recorded and the result is
 * `undefined`, so that only its own values are missing.
 */
import { closeSync, openSync, readlinkSync, readSync } from 'node:fs';
import { decodeNames } from './decode-names.ts';
import { KeptDescriptors } from './kept-descriptors.ts';
import { type KeptLines, noKeptLines } from './kept-lines.ts';
import { ignoreSkipped, type OnSkipped, type SkippedRecord } from './skipped.ts';

/** A mounted proc file system, a cgroup, or a tree of files that looks like one. */
export interface Procfs {
  /** Its absolute path, such as `/proc`. */
  readonly root: string;
  /** Records files that cannot be read and lines that are skipped. Default: nothing is recorded. */
  readonly skipped?: SkippedRecord | undefined;
  /** Parsed values by the path of their file, if each file is read once: see `snapshotOf`. */
  readonly snapshot?: Map<string, unknown>;
  /** Files that stay open, see `keepOpen`. */
  readonly descriptors?: KeptDescriptors | undefined;
}

/** A process of a proc file system: its PID, or the process that reads. */
export type Pid = number | 'self';

/** `root`: an absolute path, without a slash at its end. */
export function createProcfs(root = '/proc', skipped?: SkippedRecord): Procfs {
  return skipped === undefined ? { root } : { root, skipped };
}

/**
 * The same files, but those that every scrape reads stay open, for a program that is scraped for as long as it runs. Has an
 * effect on /proc only: in another tree, files may be replaced. The caller closes `descriptors` at the end.
 */
export function keepOpen(procfs: Procfs): Procfs {
  return procfs.root === '/proc' ? { ...procfs, descriptors: new KeptDescriptors() } : procfs;
}

/**
 * The same files, each read and parsed at most once: for one scrape, in which several collectors need the same files. They
 * share the parsed objects, and a skipped line is counted once.
 */
export function snapshotOf({ root, skipped, descriptors }: Procfs): Procfs {
  return { root, skipped, descriptors, snapshot: new Map() };
}

/** Limit of files that the kernel generates in one page: a line or two, or a table of fixed length. */
export const ONE_PAGE_BYTES = 4096;

/**
 * Limit of files with a line for each CPU, disk or interface. 8,192 CPUs, the most that Linux can be built for, need
 * 2 MiB of /proc/stat; ten thousand disks or interfaces less.
 */
export const DEVICE_LIST_BYTES = 4 * 1024 * 1024;

/** Most files of /proc fit. Their size is not known before: stat(2) always reports 0. */
const FIRST_READ_BYTES = 16 * 1024;

/** Every call reads into it and stops using it before it returns. Reads are synchronous, so no two calls overlap. */
const scratch = Buffer.allocUnsafeSlow(FIRST_READ_BYTES);

/** Limit of a file whose bytes are kept for comparison; a larger one is parsed each time. */
const MAX_KEPT_BYTES = 64 * 1024;

/**
 * Error codes that mean that the file or its process does not exist. ESRCH: a process ends while its file is read. EINVAL
 * and ENXIO: the mounts and the network of a process that ends. ENODEV: a cgroup is removed while its file is read. ENOTSUP:
 * a file of a cgroup that this kernel has but does not support.
 */
const ABSENT: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ESRCH', 'EINVAL', 'ENXIO', 'ENODEV', 'ENOTSUP']);

/**
 * Returns the values of a file, and calls `onSkipped` for each line that it cannot use. It may reuse what it stored in `kept`
 * when it parsed the same file before.
 */
export type Parser<I, T> = (input: I, onSkipped: OnSkipped, kept?: KeptLines) => T;

/**
 * Parses the bytes of a file. Returns undefined if the file or its process does not exist or cannot be read. Of a file that
 * is longer than `maxBytes`, the lines that fit are parsed, and the rest is recorded. Reads synchronously: the kernel generates
 * these files in memory, and a trip to the thread pool costs several times the read (4 µs for a file of one line).
 */
export function readParsedBytes<T>(
  procfs: Procfs,
  path: readonly string[],
  maxBytes: number,
  parse: Parser<Buffer, T>,
): T | undefined {
  return readFile(procfs, path, maxBytes, (bytes, onSkipped) => parse(bytes, onSkipped));
}

/** Like `readParsedBytes`, for a parser of text. Bytes that are not UTF-8 appear as `\xff`. */
export function readParsed<T>(
  procfs: Procfs,
  path: readonly string[],
  maxBytes: number,
  parse: Parser<string, T>,
): T | undefined {
  return readFile(procfs, path, maxBytes, (bytes, onSkipped, file) => parseUnlessSame(bytes, onSkipped, file, parse));
}

/** The text of a file at its last read, and the result of its parser. */
interface KeptFile {
  text: string | undefined;
  parser: unknown;
  value: unknown;
  readonly lines: KeptLines;
}

const keptFiles = new Map<string, KeptFile>();
/** If there are more files, all are dropped: processes and cgroups come and go. */
const MAX_KEPT_FILES = 256;
/** Limit of a file whose text is kept: /proc/vmstat has 4 KiB, and /proc/stat with 64 CPUs 10 KiB. */
const MAX_KEPT_TEXT_BYTES = 16 * 1024;

/** Calls the parser only if the text has changed since its last call for this file, or if it skipped a line then. */
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

/** The last result of a parser, with the bytes that it is the result of. */
export interface LastParsed<T> {
  readonly file: string;
  readonly bytes: Buffer;
  readonly value: T;
}

/**
 * Like `readParsedBytes`, for a file that seldom changes: the same bytes are not parsed again, unless lines of them were
 * skipped, which are then counted again. `last` keeps the result between calls.
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

/** Like `readParsed`, for a file of a process. If it is empty, the process has just ended, and the result is undefined. */
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

const LINE_FEED = 10;

/** PID that `/proc/self` links to. It may differ from `process.pid`, because /proc may be of another PID namespace. */
let ownPid: string | undefined;

/** Replaces `self` by the PID, so that a snapshot has one entry for a file that is also read by the PID of this process. */
function withoutSelf(root: string, file: string): string {
  const self = `${root}/self/`;
  if (root !== '/proc' || !file.startsWith(self)) {
    return file;
  }
  ownPid ??= readlinkSync('/proc/self');
  return `${root}/${ownPid}/${file.slice(self.length)}`;
}

/** The bytes that the parser gets are valid until it returns: the memory is reused. */
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

/** Returns undefined for a file that does not stay open, or whose descriptor cannot be read any more. */
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
  // The last line may be cut: a number at its end would be wrong.
  return parse(bytes.subarray(0, bytes.lastIndexOf(LINE_FEED) + 1));
}

/**
 * Reads an open file to its end, or one byte more than `maxBytes`. The result is valid until the next call. `position`:
 * offset to begin at; default: the end of the last read.
 * @throws {Error} the errors of read(2).
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
      // One byte more than the limit shows that the file exceeds it.
      buffer = Buffer.concat([buffer], Math.min(2 * length, maxBytes + 1));
    }
  }
}

/** Runs a read of `file`. Returns undefined if the file does not exist, or if it cannot be read, which is recorded. */
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

/** Absolute path of a file below a root. */
export function fileOf(root: string, path: readonly string[]): string {
  return path.length === 0 ? root : `${root}/${path.join('/')}`;
}

/** Label of a file: its path below the root, with `pid` for the PID of a process. */
function labelFile(path: readonly string[]): string {
  const [first = ''] = path;
  return (/^\d+$/.test(first) ? ['pid', ...path.slice(1)] : path).join('/');
}
