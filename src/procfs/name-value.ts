/**
 * Lines of a name and a number, in the spellings that /proc has: `name value`, `name: value`, `Name:   value kB`, and
 * `Name:value kB` where the value is as wide as its column. The parsers of those files call it. Pure.
 */
import { forgetLines, isBlank, type KeptLines, noKeptLines, parseLines } from './kept-lines.ts';
import { isCountOfDigits } from './number-text.ts';
import { ignoreSkipped, type OnSkipped } from './skipped.ts';

export interface NameValue {
  readonly name: string;
  /** Digits as the kernel wrote them. */
  readonly value: string;
  /** `kB`, which means KiB, where the line has it. */
  readonly unit: 'kB' | undefined;
}

/** The kernel's names have at most 40 characters, all of them printable ASCII. */
const MAX_NAME_CHARS = 128;
const MAX_DIGITS = 20;

const EXPECTED = 'a name and a number';

/** Skips lines of another form, values that are negative or have wrapped below zero, and names that were there before. */
export function parseNameValues(
  text: string,
  onSkipped: OnSkipped = ignoreSkipped,
  kept: KeptLines = noKeptLines(),
): NameValue[] {
  const last = kept.values as readonly (NameValue | undefined)[];
  const values = parseLines<NameValue>(text, kept, (line, known) => parseAt(line, 0, line.length, known?.name));
  const { lines } = kept;
  if (lines.at(-1) === '' && haveSameNames(values, last)) {
    return values.slice(0, -1) as NameValue[];
  }
  /** Made when the names are not those of the last time, which had each once. */
  let names: Set<string> | undefined;
  let isOdd = false;
  const entries: NameValue[] = [];
  const skip = (line: string, expected: string): void => {
    isOdd = true;
    onSkipped(line, expected);
  };
  for (let i = 0; i < values.length; i++) {
    const entry = values[i];
    if (entry === undefined) {
      if (!isBlank(lines[i]!)) {
        skip(lines[i]!, EXPECTED);
      }
      continue;
    }
    if (names === undefined && entry.name !== last[i]?.name) {
      names = new Set(entries.map(({ name }) => name));
    }
    if (names?.has(entry.name) === true) {
      skip(lines[i]!, 'each name once');
      continue;
    }
    names?.add(entry.name);
    entries.push(entry);
  }
  if (isOdd) {
    forgetLines(kept);
  }
  return entries;
}

/** Parses one line; undefined if it has another form, or its value is not a count. */
export function parseNameValue(line: string): NameValue | undefined {
  return parseAt(line, 0, line.length, undefined);
}

const TAB = 9;
const BLANK = 32;
const EXCLAMATION_MARK = 33;
const COLON = 58;
const TILDE = 126;

/** The line from `start` to `end`: its name, a colon or blanks, digits, perhaps a unit, and blanks. */
export function parseAt(text: string, start: number, end: number, expected: string | undefined): NameValue | undefined {
  const isExpected = expected !== undefined && isNamed(text, start, expected);
  let at = isExpected ? start + expected.length : start;
  while (!isExpected && at < end && isNameCode(text.charCodeAt(at))) {
    at++;
  }
  const nameEnd = at;
  if (at < end && text.charCodeAt(at) === COLON) {
    at++;
  } else if (skipBlanks(text, at, end) === at) {
    return undefined;
  }
  at = skipBlanks(text, at, end);
  const valueStart = at;
  while (at < end && isDigitCode(text.charCodeAt(at))) {
    at++;
  }
  const valueEnd = at;
  const hasUnit = at + 3 <= end && text.startsWith(' kB', at);
  at = skipBlanks(text, hasUnit ? at + 3 : at, end);
  const nameLength = nameEnd - start;
  const digits = valueEnd - valueStart;
  if (at !== end || nameLength === 0 || nameLength > MAX_NAME_CHARS || digits === 0 || digits > MAX_DIGITS) {
    return undefined;
  }
  const value = text.slice(valueStart, valueEnd);
  if (!isCountOfDigits(value)) {
    return undefined;
  }
  return { name: isExpected ? expected : text.slice(start, nameEnd), value, unit: hasUnit ? 'kB' : undefined };
}

/** Whether the name at `start` is this one; a name ends with a colon or white space. */
function isNamed(text: string, start: number, name: string): boolean {
  const after = text.charCodeAt(start + name.length);
  return (after === COLON || after === BLANK || after === TAB) && text.startsWith(name, start);
}

function isNameCode(code: number): boolean {
  return code >= EXCLAMATION_MARK && code <= TILDE && code !== COLON;
}

function isDigitCode(code: number): boolean {
  return code >= 48 && code <= 57;
}

function skipBlanks(text: string, from: number, end: number): number {
  let at = from;
  while (at < end && (text.charCodeAt(at) === BLANK || text.charCodeAt(at) === TAB)) {
    at++;
  }
  return at;
}

/** Calls `onLine` with where each line starts and ends that has more than white space. */
export function forEachLine(text: string, onLine: (start: number, end: number) => void): void {
  for (let start = 0; start < text.length; ) {
    const lineFeed = text.indexOf('\n', start);
    const end = lineFeed < 0 ? text.length : lineFeed;
    const first = text.charCodeAt(start);
    if (end > start && ((first > BLANK && first <= TILDE) || text.slice(start, end).trim() !== '')) {
      onLine(start, end);
    }
    start = end + 1;
  }
}

export function nonEmptyLines(text: string): string[] {
  const lines: string[] = [];
  forEachLine(text, (start, end) => lines.push(text.slice(start, end)));
  return lines;
}

/** Of all lines but the last, which is empty. The last time, each name was there once. */
function haveSameNames(values: readonly (NameValue | undefined)[], last: readonly (NameValue | undefined)[]): boolean {
  const { length } = values;
  if (last.length !== length) {
    return false;
  }
  for (let i = 0; i < length - 1; i++) {
    const name = values[i]?.name;
    if (name === undefined || name !== last[i]?.name) {
      return false;
    }
  }
  return true;
}
