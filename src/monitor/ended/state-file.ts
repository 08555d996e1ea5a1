/**
 * The state of the ended sandboxes on disk, so that totals continue after a restart, and a file that was added to them is not
 * added again. The first line has the totals, each further line a sandbox. Replaced as a whole.
 */
import { closeSync, existsSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type DropReason, dropReasons } from './drop-reason.ts';
import { type FinalSandbox, parseFinal } from './final-sandbox.ts';
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

/** @throws the system's error. */
export function writeState(directory: string, { finals, ...head }: EndedState): void {
  const path = join(directory, FILE_NAME);
  const temporary = `${path}.new`;
  const file = openSync(temporary, 'w', OWNER_ONLY);
  try {
    writeSync(file, `${JSON.stringify({ version: VERSION, ...head })}\n`);
    // In parts: all at once would be a megabyte, twice, each time that a sandbox has ended.
    for (let i = 0; i < finals.length; i += PART_LINES) {
      writeSync(file, `${finals.slice(i, i + PART_LINES).join('\n')}\n`);
    }
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}

export interface ReadState extends Omit<EndedState, 'finals'> {
  readonly finals: readonly FinalSandbox[];
}

/**
 * Undefined when there is none.
 * @throws {Error} for one that cannot be used; it is kept under another name.
 */
export function readState(directory: string, nowMs: number): ReadState | undefined {
  const path = join(directory, FILE_NAME);
  if (!existsSync(path)) {
    return undefined;
  }
  try {
    const { size } = statSync(path);
    if (size > MAX_STATE_BYTES) {
      throw new RangeError(`it must have at most ${MAX_STATE_BYTES} bytes, got ${size}`);
    }
    const [head = '', ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n');
    return { ...parseHead(head), finals: lines.map((line) => parseFinal(line, nowMs)) };
  } catch (error) {
    renameSync(path, `${path}.bad`);
    throw new Error(`Cannot use "${path}", which is now "${path}.bad": ${(error as Error).message}`, { cause: error });
  }
}

function parseHead(text: string): Omit<ReadState, 'finals'> {
  const { version, createdMs, lastSequence, totals, dropped, consumed, scrapers } = JSON.parse(text) as Record<
    keyof EndedState | 'version',
    unknown
  >;
  if (version !== VERSION) {
    throw new RangeError(`its version must be ${VERSION}, got ${JSON.stringify(version)}`);
  }
  if (typeof createdMs !== 'number' || typeof lastSequence !== 'number') {
    throw new TypeError('its first line must have a time and a sequence number');
  }
  return {
    createdMs,
    lastSequence,
    totals: (totals as unknown[]).map(readTotal),
    dropped: readNumbers(dropped, dropReasons),
    consumed: (consumed as unknown[]).filter((path) => typeof path === 'string'),
    scrapers: (scrapers as ScraperState[]).filter(
      ({ key, seen }) => typeof key === 'string' && typeof seen === 'number',
    ),
  };
}
