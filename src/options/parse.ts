/**
 * Parses a command line by a table of options, and environment variables for the flags that are not set. Flags have two
 * dashes or, as in Go programs, one; their value follows a blank or `=`. Prints nothing and does not exit: the caller
 * does.
 */
import { parseArgs } from 'node:util';
import { checkValue } from './check-value.ts';
import { findUnknownVariables, variableName } from './environment.ts';
import { OptionError } from './option-error.ts';
import { suggest } from './suggest.ts';
import type { OptionSpec, OptionTable, OptionValues } from './table.ts';

export type ParsedOptions<T extends OptionTable> =
  | {
      readonly kind: 'values';
      readonly values: OptionValues<T>;
      /** The positional arguments; empty unless `words` is `keep`. */
      readonly words: readonly string[];
      /** One line to log for each value or argument that was ignored or replaced. */
      readonly notices: readonly string[];
    }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' };

export interface ParseSettings {
  /** How to treat positional arguments. Default: `refuse`. `ignore` adds a notice for each. */
  readonly words?: 'ignore' | 'keep' | 'refuse';
  /** Variables for flags that are not set: `<prefix>_LISTEN_ADDRESS` for `listen-address`. Default: none. */
  readonly environment?: { readonly prefix: string; readonly variables: Readonly<Record<string, string | undefined>> };
}

const BUILT_IN: OptionTable = {
  help: { kind: 'flag', help: 'Print this help', short: 'h' },
  version: { kind: 'flag', help: 'Print the version' },
};

/** @throws {OptionError} for a flag that is unknown, missing, without its value or outside of its limits. */
export function parseOptions<const T extends OptionTable>(
  table: T,
  args: readonly string[],
  { words: wordRule = 'refuse', environment }: ParseSettings = {},
): ParsedOptions<T> {
  const { given, words } = readArguments({ ...BUILT_IN, ...table }, args);
  if (given.has('help')) {
    return { kind: 'help' };
  }
  if (given.has('version')) {
    return { kind: 'version' };
  }
  const notices: string[] = [];
  const [word] = words;
  if (word !== undefined && wordRule === 'refuse') {
    throw new OptionError(`Unexpected argument "${word}"`);
  }
  if (wordRule === 'ignore') {
    notices.push(...words.map((ignored) => `Argument "${ignored}" is ignored`));
  }
  if (environment !== undefined) {
    notices.push(...findUnknownVariables(table, environment));
  }
  const values = Object.entries(table).map(([name, spec]) => {
    const fromArguments = given.get(name);
    if (fromArguments !== undefined) {
      return [toKey(name, spec), checkValue(spec, fromArguments, `Option "--${name}"`, notices)];
    }
    const variable = environment && variableName(environment.prefix, name);
    const text = variable === undefined ? undefined : environment?.variables[variable];
    // Manifests set a variable to the empty string to leave the flag unset.
    if (variable !== undefined && text !== undefined && text !== '') {
      const texts = spec.kind === 'list' ? text.split(',').map((part) => part.trim()) : [text];
      return [toKey(name, spec), checkValue(spec, texts, `Variable ${variable}`, notices)];
    }
    return [toKey(name, spec), defaultOf(name, spec)];
  });
  return {
    kind: 'values',
    values: Object.fromEntries(values) as OptionValues<T>,
    words: keep(wordRule, words),
    notices,
  };
}

function keep(rule: ParseSettings['words'], words: readonly string[]): readonly string[] {
  return rule === 'keep' ? words : [];
}

interface Arguments {
  /** Values as written, by the name of the flag; a flag without a value has `true`. */
  readonly given: ReadonlyMap<string, readonly string[]>;
  readonly words: readonly string[];
}

function readArguments(table: OptionTable, args: readonly string[]): Arguments {
  const given = new Map<string, string[]>();
  const words: string[] = [];
  const { tokens } = parseArgs({
    args: widenDashes(table, args),
    options: Object.fromEntries(
      Object.entries(table).map(([name, { kind, short }]) => [
        name,
        { type: kind === 'flag' ? 'boolean' : 'string', ...(short !== undefined && { short }) },
      ]),
    ),
    strict: false,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind === 'positional') {
      words.push(token.value);
    } else if (token.kind === 'option') {
      const spec = Object.hasOwn(table, token.name) ? table[token.name] : undefined;
      if (spec === undefined) {
        const written = args[token.index]!.split('=', 1)[0]!;
        throw new OptionError(`Unknown option "${written}"${suggest(token.name, Object.keys(table), '--')}`);
      }
      const value = textOf(token, spec);
      const values = given.get(token.name);
      // If a flag is repeated, the last value wins, as in Go programs.
      given.set(token.name, values === undefined || spec.kind !== 'list' ? [value] : [...values, value]);
    }
  }
  return { given, words };
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function textOf({ name, rawName, value, inlineValue }: OptionToken, { kind }: OptionSpec): string {
  const isInline = inlineValue === true;
  if (kind === 'flag') {
    return isInline ? (value ?? '') : 'true';
  }
  if (value === undefined) {
    throw new OptionError(`Option "--${name}" requires a value`);
  }
  if (!isInline && value.startsWith('-') && value !== '-') {
    throw new OptionError(
      `Option "--${name}" requires a value; to use "${value}" as the value, write "--${name}=${value}"`,
    );
  }
  // `-o=json` as well as `-ojson`.
  return isInline && !rawName.startsWith('--') ? value.replace(/^=/, '') : value;
}

/** `-listen=x` becomes `--listen=x` where the table has `listen`; everything after a lone `--` stays as it is. */
function widenDashes(table: OptionTable, args: readonly string[]): string[] {
  const end = args.indexOf('--');
  return args.map((arg, at) => {
    const name = /^-([a-z][a-z0-9.-]+)(?:=|$)/s.exec(arg)?.[1];
    const isShort = Object.values(table).some(({ kind, short }) => kind !== 'flag' && short === arg[1]);
    // A misspelt flag with one dash would otherwise be read letter by letter.
    const isFlag = name !== undefined && (Object.hasOwn(table, name) || !isShort);
    return isFlag && (end < 0 || at < end) ? `-${arg}` : arg;
  });
}

function defaultOf(name: string, spec: OptionSpec): unknown {
  if (spec.kind === 'flag') {
    return false;
  }
  if (spec.kind === 'duration') {
    return checkValue(spec, [spec.default], `Option "--${name}"`, []);
  }
  if ('isRequired' in spec && spec.isRequired) {
    throw new OptionError(`Option "--${name}" is required`);
  }
  return spec.default;
}

function toKey(name: string, spec: OptionSpec): string {
  return spec.kind === 'duration' ? `${toCamelCase(name)}Ms` : toCamelCase(name);
}

/** The name of a flag's value: `maxLabels` for `max-labels`. */
export function toCamelCase(name: string): string {
  return name.replace(/[-.](.)/g, (_, letter: string) => letter.toUpperCase());
}
