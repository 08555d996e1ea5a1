/**
 * Lines of a name and a number, in the three spellings that /proc has: `name value`, `name: value`, `Name:   value kB`.
 * The parsers of those files call it. Pure.
 */
import { malformed } from './procfs-error.ts';

export interface NameValue {
  readonly name: string;
  /** Digits as the kernel wrote them, perhaps with a sign. */
  readonly value: string;
  /** `kB`, which means KiB, where the line has it. */
  readonly unit: 'kB' | undefined;
}

const line = /^([^\s:]+):?[ \t]+(-?\d{1,20})(?: (kB))?[ \t]*$/;

/** @throws {ProcfsError} `malformed`, at a line of another form */
export function parseNameValues(what: string, text: string): NameValue[] {
  return nonEmptyLines(text).map((each) => {
    const parsed = parseNameValue(each);
    if (parsed === undefined) {
      throw malformed(what, 'a name and a number', each);
    }
    return parsed;
  });
}

/** One line; undefined when it has another form. */
export function parseNameValue(text: string): NameValue | undefined {
  const match = line.exec(text);
  return match === null
    ? undefined
    : { name: match[1]!, value: match[2]!, unit: match[3] === undefined ? undefined : 'kB' };
}

export function nonEmptyLines(text: string): string[] {
  return text.split('\n').filter((each) => each.trim() !== '');
}
