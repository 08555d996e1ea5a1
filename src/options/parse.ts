/**
 * Reads a command line by a table of options. Flags have two dashes or, as in Go programs, one; their value follows
 * behind a blank or `=`. Prints nothing and ends nothing: the caller does.
 */
import { parseArgs } from 'node:util';
import { parseDuration } from './duration.ts';
import type { DurationOption, IntegerOption, OptionSpec, OptionTable, OptionValues, TextOption } from './table.ts';

/** A command line that a person has to correct; the message is all they need. */
export class OptionError extends Error {
  override readonly name = 'OptionError';
}

export type ParsedOptions<T extends OptionTable> =
  | { readonly kind: 'values'; readonly values: OptionValues<T> }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' };

const BUILT_IN: OptionTable = {
  help: { kind: 'flag', help: 'Print this help' },
  version: { kind: 'flag', help: 'Print the version' },
};

/** Throws an OptionError for a flag that is unknown, missing, without its value or out of its bounds. */
export function parseOptions<const T extends OptionTable>(table: T, args: readonly string[]): ParsedOptions<T> {
  const all: OptionTable = { ...BUILT_IN, ...table };
  const given = readFlags(all, args);
  if (given['help'] === true) {
    return { kind: 'help' };
  }
  if (given['version'] === true) {
    return { kind: 'version' };
  }
  const values = Object.entries(table).map(([name, spec]) => [toKey(name, spec), readValue(name, spec, given[name])]);
  return { kind: 'values', values: Object.fromEntries(values) as OptionValues<T> };
}

type Given = string | boolean | (string | boolean)[] | undefined;

function readFlags(table: OptionTable, args: readonly string[]): Record<string, Given> {
  const options = Object.entries(table).map(([name, { kind }]) => [
    name,
    { type: kind === 'flag' ? 'boolean' : 'string', multiple: kind === 'list', ...(name === 'help' && { short: 'h' }) },
  ]);
  try {
    return parseArgs({ args: widenDashes(table, args), options: Object.fromEntries(options), strict: true }).values;
  } catch (error) {
    throw new OptionError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** `-listen=x` becomes `--listen=x` where the table has `listen`; everything behind a lone `--` stays as it is. */
function widenDashes(table: OptionTable, args: readonly string[]): string[] {
  const end = args.indexOf('--');
  return args.map((arg, at) => {
    const name = /^-([a-z][a-z0-9.-]+)(?:=|$)/s.exec(arg)?.[1];
    return name !== undefined && Object.hasOwn(table, name) && (end < 0 || at < end) ? `-${arg}` : arg;
  });
}

function readValue(name: string, spec: OptionSpec, given: Given): unknown {
  switch (spec.kind) {
    case 'flag':
      return given === true;
    case 'list':
      return given ?? spec.default;
    case 'duration':
      return checkDuration(name, spec, given === undefined ? spec.default : String(given));
    case 'text':
    case 'integer': {
      if (given !== undefined) {
        return spec.kind === 'text' ? checkText(name, spec, String(given)) : checkInteger(name, spec, String(given));
      }
      if (spec.isRequired) {
        throw new OptionError(`Option "--${name}" is required`);
      }
      return spec.default;
    }
  }
}

function checkText(name: string, { choices }: TextOption, text: string): string {
  if (choices !== undefined && !choices.includes(text)) {
    throw new OptionError(`Option "--${name}" must be one of ${choices.join(', ')}, got "${text}"`);
  }
  return text;
}

function checkInteger(name: string, { min, max }: IntegerOption, text: string): number {
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || value < min || value > max) {
    throw new OptionError(`Option "--${name}" must be an integer from ${min} to ${max}, got "${text}"`);
  }
  return value;
}

function checkDuration(name: string, { min, max }: DurationOption, text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms < parseDuration(min)! || ms > parseDuration(max)!) {
    throw new OptionError(`Option "--${name}" must be a duration from ${min} to ${max}, got "${text}"`);
  }
  return ms;
}

function toKey(name: string, spec: OptionSpec): string {
  return spec.kind === 'duration' ? `${toCamelCase(name)}Ms` : toCamelCase(name);
}

function toCamelCase(name: string): string {
  return name.replace(/[-.](.)/g, (_, letter: string) => letter.toUpperCase());
}
