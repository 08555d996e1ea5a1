/**
 * Lines of a name and a number, in the spellings that /proc has: `name value`, `name: value`, `Name:   value kB`, and
 * `Name:value kB` where the value is as wide as its column. The parsers of those files call it. Pure.
 */
import { isCount } from './number-text.ts';
import { ignoreSkipped, type OnSkipped } from './skipped.ts';

export interface NameValue {
  readonly name: string;
  /** Digits as the kernel wrote them. */
  readonly value: string;
  /** `kB`, which means KiB, where the line has it. */
  readonly unit: 'kB' | undefined;
}

/** The kernel's names have at most 40 characters, all of them printable ASCII. */
const LINE = /^([!-9;-~]{1,128})(?::[ \t]*|[ \t]+)(\d{1,20})(?: (kB))?[ \t]*$/;

const EXPECTED = 'a name and a number';

/** Skips lines of another form, values that are negative or have wrapped below zero, and names that were there before. */
export function parseNameValues(text: string, onSkipped: OnSkipped = ignoreSkipped): NameValue[] {
  const names = new Set<string>();
  return nonEmptyLines(text).flatMap((line) => {
    const parsed = parseNameValue(line);
    if (parsed === undefined || names.has(parsed.name)) {
      onSkipped(line, parsed === undefined ? EXPECTED : `each name once`);
      return [];
    }
    names.add(parsed.name);
    return [parsed];
  });
}

/** One line; undefined when it has another form, or its value is no count. */
export function parseNameValue(text: string): NameValue | undefined {
  const [, name, value, unit] = LINE.exec(text) ?? [];
  return name === undefined || !isCount(value)
    ? undefined
    : { name, value, unit: unit === undefined ? undefined : 'kB' };
}

export function nonEmptyLines(text: string): string[] {
  return text.split('\n').filter((each) => each.trim() !== '');
}
