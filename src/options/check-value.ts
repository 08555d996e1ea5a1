/**
 * Checks the text of one option's value against its spec. Called by `parse.ts`.
 */
import { parseDuration } from './duration.ts';
import { OptionError } from './option-error.ts';
import type { DurationOption, IntegerOption, OptionSpec, TextOption } from './table.ts';

/**
 * Returns the value in the type of the spec. `texts`: as written, one or more. `what`: the option or variable in a message.
 * A value that is replaced adds a line to `notices`.
 * @throws {OptionError} with the option, its limits and the value.
 */
export function checkValue(spec: OptionSpec, texts: readonly string[], what: string, notices: string[]): unknown {
  const text = texts.at(-1) ?? '';
  switch (spec.kind) {
    case 'flag':
      return checkFlag(what, text);
    case 'list':
      return texts;
    case 'duration':
      return checkDuration(what, spec, text);
    case 'integer':
      return checkInteger(what, spec, text);
    case 'text':
      return checkText(what, spec, text, notices);
  }
}

function checkFlag(what: string, text: string): boolean {
  switch (text.toLowerCase()) {
    case 'true':
    case '1':
      return true;
    case 'false':
    case '0':
      return false;
    default:
      throw new OptionError(`${what} must be true or false, got "${text}"`);
  }
}

function checkText(what: string, { choices, lenient }: TextOption, text: string, notices: string[]): string {
  if (choices === undefined || choices.includes(text)) {
    return text;
  }
  const mustBe = `${what} must be one of ${choices.join(', ')}, got "${text}"`;
  if (lenient === undefined) {
    throw new OptionError(mustBe);
  }
  const lower = text.toLowerCase();
  const meant = Object.hasOwn(lenient.aliases, lower) ? lenient.aliases[lower]! : lower;
  if (choices.includes(meant)) {
    return meant;
  }
  notices.push(`${mustBe}: using "${lenient.fallback}"`);
  return lenient.fallback;
}

function checkInteger(what: string, { min, max }: IntegerOption, text: string): number {
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || value < min || value > max) {
    throw new OptionError(`${what} must be an integer from ${min} to ${max}, got "${text}"`);
  }
  return value;
}

function checkDuration(what: string, { min, max }: DurationOption, text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms < parseDuration(min)! || ms > parseDuration(max)!) {
    throw new OptionError(`${what} must be a duration from ${min} to ${max}, got "${text}"`);
  }
  return ms;
}
