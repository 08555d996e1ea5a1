/**
 * Lines of a name and a number, in the spellings that /proc has: `name value`, `name: value`, `Name:   value kB`, and
 * `Name:value kB` where the value is as wide as its column. The parsers of those files call it. Pure.
 */
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
const LINE = /^([!-9;-~]+)(?::[ \t]*|[ \t]+)(\d{1,20})(?: (kB))?[ \t]*$/;
const MAX_NAME_CHARS = 128;

const EXPECTED = 'a name and a number';

/** Skips lines of another form, values that are negative or have wrapped below zero, and names that were there before. */
export function parseNameValues(text: string, onSkipped: OnSkipped = ignoreSkipped): NameValue[] {
  const names = new Set<string>();
  const entries: NameValue[] = [];
  for (const line of nonEmptyLines(text)) {
    const parsed = parseNameValue(line);
    if (parsed === undefined) {
      onSkipped(line, EXPECTED);
    } else if (names.has(parsed.name)) {
      onSkipped(line, 'each name once');
    } else {
      names.add(parsed.name);
      entries.push(parsed);
    }
  }
  return entries;
}

/** One line; undefined when it has another form, or its value is no count. */
export function parseNameValue(text: string): NameValue | undefined {
  const match = LINE.exec(text);
  if (match === null) {
    return undefined;
  }
  const name = match[1]!;
  const value = match[2]!;
  return name.length > MAX_NAME_CHARS || !isCountOfDigits(value)
    ? undefined
    : { name, value, unit: match[3] === undefined ? undefined : 'kB' };
}

export function nonEmptyLines(text: string): string[] {
  return text.split('\n').filter((each) => each.trim() !== '');
}
