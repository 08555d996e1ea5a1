/**
 * The mailbox of a sandboxes root, `<root>/.last-words`: shims write the last words of their sandboxes into it, and the
 * monitor removes them. The name is not a valid sandbox id, so programs that list the root ignore it. A shim writes only
 * into a mailbox that a monitor has opened, so nothing accumulates without a monitor.
 */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readdir,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { uptime } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import {
  encodeLastWords,
  type LastWords,
  LastWordsError,
  lastWordsFileName,
  MAX_LAST_WORDS_BYTES,
  type ParsedLastWords,
  parseLastWords,
  parseLastWordsFileName,
} from './record.ts';

const MAILBOX_NAME = '.last-words';
/** Present while last words are wanted, also while the monitor is restarted. */
const OPEN_NAME = 'open';
/** The socket of the monitor that empties the mailbox. */
const OWNER_NAME = 'monitor.sock';
/** Grows by one byte for each sandbox that ended while the mailbox was full. */
const REFUSED_NAME = 'refused';
/** Limit of refused files: more sandboxes than a node ends while no monitor runs, one in each second of eleven days. */
const MAX_REFUSED = 1_000_000;
/** Ending of the name of a file that is being written. */
const ANNOUNCED_ENDING = '.new';
/** Ending for a sandbox that continues without its shim: `<sandbox>.<epoch>.json.detached`, an empty file. */
const DETACHED_ENDING = '.detached';
/** A guard completes last words within moments, on a busy machine within seconds. */
const MAX_ANNOUNCED_MS = 30_000;
/**
 * Files that a mailbox holds; 16 MiB of a tmpfs. More sandboxes end only if no monitor runs for a long time, because a
 * monitor empties it at each scrape and whenever a sandbox has ended.
 */
export const MAX_MAILBOX_FILES = 4096;

/** Path of the mailbox of a root. It need not exist. */
export function mailboxOf(root: string): string {
  return join(root, MAILBOX_NAME);
}

/** Path of the socket by which a monitor reserves a mailbox. */
export function ownerSocketOf(mailbox: string): string {
  return join(mailbox, OWNER_NAME);
}

/** Whether a monitor takes last words in this root. */
export function isMailboxOpen(root: string): boolean {
  return existsSync(join(mailboxOf(root), OPEN_NAME));
}

/**
 * Paths for a process that writes last words without this module: the file, and the file that exists while they are wanted.
 */
export function lastWordsPaths(
  root: string,
  words: Pick<LastWords, 'epoch' | 'sandboxId'>,
): { readonly openPath: string; readonly path: string } {
  const mailbox = mailboxOf(resolve(root));
  return { openPath: join(mailbox, OPEN_NAME), path: join(mailbox, lastWordsFileName(words)) };
}

/** Whether a file of this path can be last words in a mailbox. */
export function isLastWordsPath(path: string): boolean {
  return basename(dirname(path)) === MAILBOX_NAME && parseLastWordsFileName(basename(path)) !== undefined;
}

/** @throws {Error} the system error. */
export function openMailbox(mailbox: string): void {
  append(join(mailbox, OPEN_NAME), '');
}

const OWNER_ONLY = 0o600;

/** Follows no link, and waits for no process that reads. */
function append(path: string, text: string): void {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, OWNER_ONLY);
  try {
    writeFileSync(file, text);
  } finally {
    closeSync(file);
  }
}

/** Creates a file, and replaces anything at its path. */
function replace(path: string, text: string): void {
  rmSync(path, { force: true });
  writeFileSync(path, text, { flag: 'wx', mode: OWNER_ONLY });
}

/** Closes a mailbox: from now on, shims leave nothing in it. @throws {Error} the system error. */
export function closeMailbox(mailbox: string): void {
  rmSync(join(mailbox, OPEN_NAME), { force: true });
}

/**
 * Writes last words into the mailbox of `root`, completely or not at all. Returns false if no monitor has opened the
 * mailbox, or if it is full, which is counted in it.
 * @throws {Error} the system error.
 */
export function leaveLastWords(root: string, words: LastWords, maxFiles = MAX_MAILBOX_FILES): boolean {
  if (!announceLastWords(root, words, maxFiles)) {
    return false;
  }
  const path = pathOf(root, words);
  renameSync(announcedPathOf(path), path);
  return true;
}

/**
 * The same, but another process completes them soon, in the same file, and renames it as `leaveLastWords` does. If it does
 * not, the monitor takes them as they are.
 */
export function announceLastWords(root: string, words: LastWords, maxFiles = MAX_MAILBOX_FILES): boolean {
  if (!isMailboxOpen(root)) {
    return false;
  }
  const mailbox = mailboxOf(root);
  if (readdirSync(mailbox).length >= maxFiles) {
    append(join(mailbox, REFUSED_NAME), '.');
    return false;
  }
  const temporary = announcedPathOf(pathOf(root, words));
  try {
    replace(temporary, encodeLastWords(words));
  } catch (error) {
    removeQuietly(temporary);
    throw error;
  }
  return true;
}

/**
 * Notes in the mailbox that a sandbox continues although its directory vanishes, as when a shim that was attached to it
 * ends. Has no effect if no monitor has opened the mailbox, or if it is full.
 * @throws {Error} the system error.
 */
export function leaveDetached(root: string, words: Pick<LastWords, 'epoch' | 'sandboxId'>): void {
  if (isMailboxOpen(root) && readdirSync(mailboxOf(root)).length < MAX_MAILBOX_FILES) {
    replace(`${pathOf(root, words)}${DETACHED_ENDING}`, '');
  }
}

/** Removes a file after a failure. A second failure is ignored, because the first one says more. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // It stays.
  }
}

function pathOf(root: string, words: Pick<LastWords, 'epoch' | 'sandboxId'>): string {
  return join(mailboxOf(root), lastWordsFileName(words));
}

function announcedPathOf(path: string): string {
  return `${path}${ANNOUNCED_ENDING}`;
}

/** Content of a mailbox. */
export interface MailboxContent {
  /** Absolute paths of last words, at most `MAX_MAILBOX_FILES`. */
  readonly paths: readonly string[];
  /** Ids of sandboxes whose last words are being written. */
  readonly announcedIds: ReadonlySet<string>;
  /** Sandboxes that continue without their shim: ids, and absolute paths of the files, which the caller removes. */
  readonly detached: readonly { readonly sandboxId: string; readonly path: string }[];
  /** Entries that are neither last words nor the mailbox's own files. */
  readonly foreign: readonly string[];
}

const ownNames = /^(?:open|monitor\.sock|refused|state\.json(?:\.new)?|state\.json\.bad|.*\.json\.new)$/;

/**
 * Nothing when there is no mailbox. Last words that were announced and not completed in time are taken as they are.
 * @param nowMs milliseconds since 1970.
 * @throws {Error} the system error.
 */
export async function listMailbox(mailbox: string, nowMs: number): Promise<MailboxContent> {
  let names: string[];
  try {
    names = await promisify(readdir)(mailbox);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) {
      return { paths: [], announcedIds: new Set(), detached: [], foreign: [] };
    }
    throw error;
  }
  const { words, announced, detached, foreign } = sortNames(names);
  const announcedIds = new Set<string>();
  for (const ids of announced) {
    const name = lastWordsFileName(ids);
    if (takeIfLate(mailbox, name, nowMs)) {
      words.add(name);
    } else {
      announcedIds.add(ids.sandboxId);
    }
  }
  return {
    paths: [...words].slice(0, MAX_MAILBOX_FILES).map((name) => join(mailbox, name)),
    announcedIds,
    detached: detached.map(({ sandboxId, name }) => ({ sandboxId, path: join(mailbox, name) })),
    foreign,
  };
}

type Ids = Pick<LastWords, 'epoch' | 'sandboxId'>;

/** Keeps at most as many names of each kind as a mailbox holds; a later list has the others. */
function sortNames(names: readonly string[]) {
  const words = new Set<string>();
  const announced: Ids[] = [];
  const detached: { readonly sandboxId: string; readonly name: string }[] = [];
  const foreign: string[] = [];
  for (const name of names) {
    const ofAnnounced = parseEnding(name, ANNOUNCED_ENDING);
    const ofDetached = parseEnding(name, DETACHED_ENDING);
    if (ofAnnounced !== undefined && announced.length < MAX_MAILBOX_FILES) {
      announced.push(ofAnnounced);
    } else if (ofDetached !== undefined && detached.length < MAX_MAILBOX_FILES) {
      detached.push({ sandboxId: ofDetached.sandboxId, name });
    } else if (!ownNames.test(name) && ofDetached === undefined) {
      if (parseLastWordsFileName(name) === undefined) {
        foreign.push(name);
      } else {
        words.add(name);
      }
    }
  }
  return { words, announced, detached, foreign };
}

function parseEnding(name: string, ending: string): Ids | undefined {
  return name.endsWith(ending) ? parseLastWordsFileName(name.slice(0, -ending.length)) : undefined;
}

/** Also when the clock has gone back since. */
function takeIfLate(mailbox: string, name: string, nowMs: number): boolean {
  const path = join(mailbox, name);
  try {
    if (Math.abs(nowMs - lstatSync(announcedPathOf(path)).mtimeMs) <= MAX_ANNOUNCED_MS) {
      return false;
    }
    renameSync(announcedPathOf(path), path);
    return true;
  } catch {
    // Completed meanwhile: it is in the next list.
    return false;
  }
}

/**
 * Reads the last words at `path`, of which `listMailbox` gave the name. Follows no link and waits for no other process.
 * Synchronous: the files are small and in memory.
 * @throws {LastWordsError} for a file that is not one that a shim writes.
 * @throws {Error} the system error.
 */
export function readLastWords(path: string, nowMs: number): ParsedLastWords {
  const parsed = parseLastWords(readSmallFile(path), nowMs, uptime());
  const name = lastWordsFileName(parsed.words);
  if (!path.endsWith(`/${name}`)) {
    throw new LastWordsError(`It must be named "${name}" by its content`);
  }
  return parsed;
}

function openFile(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (['ELOOP', 'ENXIO'].includes((error as NodeJS.ErrnoException).code ?? '')) {
      throw new LastWordsError('It must be a regular file');
    }
    throw error;
  }
}

/** Buffer for all files, which are read one after the other. */
let readBuffer: Buffer | undefined;

function readSmallFile(path: string): string {
  const file = openFile(path);
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) {
      throw new LastWordsError('It must be a regular file');
    }
    if (stats.uid !== 0 && stats.uid !== process.geteuid?.()) {
      throw new LastWordsError(`Its owner must be root or the user of the monitor, got user ${stats.uid}`);
    }
    readBuffer ??= Buffer.alloc(MAX_LAST_WORDS_BYTES + 1);
    const length = readSync(file, readBuffer, 0, readBuffer.length, 0);
    if (length > MAX_LAST_WORDS_BYTES) {
      throw new LastWordsError(`It must have at most ${MAX_LAST_WORDS_BYTES} bytes, got ${stats.size}`);
    }
    return readBuffer.toString('utf8', 0, length);
  } finally {
    closeSync(file);
  }
}

/**
 * Returns how many sandboxes have ended while the mailbox was full, since the last call.
 * @throws {LastWordsError} for a file that no shim can have written. It is not removed.
 * @throws {Error} the system error.
 */
export function takeRefusedCount(mailbox: string): number {
  const path = join(mailbox, REFUSED_NAME);
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) {
    return 0;
  }
  if (!stats.isFile() || stats.size > MAX_REFUSED) {
    throw new LastWordsError(
      `"${REFUSED_NAME}" must be a regular file of at most ${MAX_REFUSED} bytes, got ${stats.size}`,
    );
  }
  // Under another name, so that no shim adds to it between reading and removing.
  const taken = `${path}.json.new`;
  renameSync(path, taken);
  const { size } = lstatSync(taken);
  rmSync(taken, { force: true });
  return size;
}
