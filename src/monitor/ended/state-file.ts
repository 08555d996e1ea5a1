/**
 * The state of the ended sandboxes on disk, so that totals continue after a restart, and a file that was added to them is
 * not added again. The first line has the totals, each further line one sandbox. The file is always replaced as a whole.
 */
import {
  closeSync,
  constants,
  existsSync,
  fdatasync,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isLastWordsPath } from '../../last-words/index.ts';
import { type DropReason, dropReasons } from './drop-reason.ts';
import { type FinalSandbox, parseFinal } from './final-sandbox.ts';
import { type RecentEnd, readRecentEnd } from './recent-ends.ts';
import type { ScraperState } from './scrapers.ts';
import { readNumbers, readTotal, type Total } from './totals.ts';

export interface EndedState {
  /** When the totals began, milliseconds since 1970. */
  readonly createdMs: number;
  readonly lastSequence: number;
  readonly totals: readonly Total[];
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
  /** Paths of files that are in the totals, and may be there still. */
  readonly consumed: readonly string[];
  readonly scrapers: readonly ScraperState[];
  /** Default, for the state of an earlier version: none. */
  readonly recent?: readonly RecentEnd[];
  /** Lines of `encodeFinal`. */
  readonly finals: readonly string[];
}

const VERSION = 1;
const OWNER_ONLY = 0o600;
const PART_LINES = 64;
const FILE_NAME = 'state.json';
/** Three times what the limits allow. */
const MAX_STATE_BYTES = 32 * 1024 * 1024;

export function hasState(directory: string): boolean {
  return existsSync(join(directory, FILE_NAME));
}

/**
 * Resolves when the state survives a power failure: without fdatasync(2), some file systems keep the new name of a file and
 * lose its content. The disk is waited for in another thread.
 * @throws {Error} the system error.
 */
export async function writeState(directory: string, state: EndedState): Promise<void> {
  const file = openNew(directory);
  try {
    writeLines(file, state);
    await promisify(fdatasync)(file);
  } finally {
    closeSync(file);
  }
  replaceState(directory);
}

/** The same without waiting for the disk, for a process that ends. @throws {Error} the system error. */
export function writeLastState(directory: string, state: EndedState): void {
  const file = openNew(directory);
  try {
    writeLines(file, state);
  } finally {
    closeSync(file);
  }
  replaceState(directory);
}

function newPathOf(directory: string): string {
  return join(directory, `${FILE_NAME}.new`);
}

/** A new file, whatever stands there: shims may write to this directory. */
function openNew(directory: string): number {
  rmSync(newPathOf(directory), { force: true });
  return openSync(newPathOf(directory), 'wx', OWNER_ONLY);
}

function replaceState(directory: string): void {
  renameSync(newPathOf(directory), join(directory, FILE_NAME));
}

function writeLines(file: number, { finals, ...head }: EndedState): void {
  writeAll(file, `${JSON.stringify({ version: VERSION, ...head })}\n`);
  // In parts: all at once would be a megabyte, twice, each time that a sandbox has ended.
  for (let i = 0; i < finals.length; i += PART_LINES) {
    writeAll(file, `${finals.slice(i, i + PART_LINES).join('\n')}\n`);
  }
}

/** Writes all of it: on a disk that is getting full, one call writes a part and reports no error. @throws {Error} the system error. */
function writeAll(file: number, text: string): void {
  for (let rest = Buffer.from(text); rest.length > 0; ) {
    rest = rest.subarray(writeSync(file, rest));
  }
}

export interface ReadState extends Omit<EndedState, 'finals'> {
  readonly finals: readonly FinalSandbox[];
  /** Number of lines that are not a sandbox, as at the end of a file that was cut. */
  readonly invalidLines: number;
}

/**
 * Undefined when there is none. A line that is not a sandbox costs only itself, because the totals have it anyway.
 * @throws {Error} for one that cannot be used; it is kept under another name.
 */
export function readState(directory: string): ReadState | undefined {
  const path = join(directory, FILE_NAME);
  if (!existsSync(path)) {
    return undefined;
  }
  try {
    const [head = '', ...lines] = readText(path).trimEnd().split('\n');
    const finals = lines.map(toFinal).filter((final) => final !== undefined);
    return { ...parseHead(head), finals, invalidLines: lines.length - finals.length };
  } catch (error) {
    renameSync(path, `${path}.bad`);
    throw new Error(`Cannot use "${path}", which is now "${path}.bad": ${(error as Error).message}`, { cause: error });
  }
}

/** Follows no link, and waits for no process that writes. */
function readText(path: string): string {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) {
      throw new TypeError('it must be a regular file');
    }
    if (stats.size > MAX_STATE_BYTES) {
      throw new RangeError(`it must have at most ${MAX_STATE_BYTES} bytes, got ${stats.size}`);
    }
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

/** A time in the future is no fault: the clock may have been set back since. */
function toFinal(line: string): FinalSandbox | undefined {
  try {
    return parseFinal(line, Number.POSITIVE_INFINITY);
  } catch {
    return undefined;
  }
}

function parseHead(text: string): Omit<EndedState, 'finals'> {
  const {
    version,
    createdMs,
    lastSequence,
    totals,
    dropped,
    consumed,
    scrapers,
    recent = [],
  } = JSON.parse(text) as Record<keyof EndedState | 'version', unknown>;
  if (version !== VERSION) {
    throw new RangeError(`its version must be ${VERSION}, got ${JSON.stringify(version)}`);
  }
  if (typeof createdMs !== 'number' || !Number.isSafeInteger(lastSequence)) {
    throw new TypeError('its first line must have a time and a sequence number');
  }
  return {
    createdMs,
    lastSequence: lastSequence as number,
    totals: (totals as unknown[]).map(readTotal),
    dropped: readNumbers(dropped, dropReasons),
    consumed: (consumed as unknown[]).filter(
      (path): path is string => typeof path === 'string' && isLastWordsPath(path),
    ),
    recent: (recent as unknown[]).map(readRecentEnd).filter((end) => end !== undefined),
    scrapers: (scrapers as ScraperState[]).filter(
      ({ key, seen }) => typeof key === 'string' && typeof seen === 'number',
    ),
  };
}
