/**
 * What the shells complete after a flag, by its spec. Called by `bash.ts`, `zsh.ts` and `fish.ts`.
 */
import type { OptionSpec, OptionTable } from '../../src/options/index.ts';

export type ValueKind =
  | { readonly kind: 'choices'; readonly choices: readonly string[] }
  /** A path; a directory's only where `isDirectory`. */
  | { readonly kind: 'path'; readonly isDirectory: boolean }
  /** Nothing to suggest: a number, an address. */
  | { readonly kind: 'free' }
  /** No value. */
  | { readonly kind: 'none' };

const pathNames: ReadonlySet<string | undefined> = new Set(['file', 'socket', 'program']);

export function valueKindOf(spec: OptionSpec): ValueKind {
  if (spec.kind === 'flag') {
    return { kind: 'none' };
  }
  if (spec.kind === 'text' && spec.choices !== undefined) {
    return { kind: 'choices', choices: spec.choices };
  }
  if (spec.value === 'directory' || pathNames.has(spec.value)) {
    return { kind: 'path', isDirectory: spec.value === 'directory' };
  }
  return { kind: 'free' };
}

/** With those that every program has. */
export function allOptions(table: OptionTable): [name: string, spec: OptionSpec][] {
  return [
    ...Object.entries(table),
    ['help', { kind: 'flag', help: 'Print this help', short: 'h' }],
    ['version', { kind: 'flag', help: 'Print the version' }],
  ];
}

/** The beginning of the help, as much as fits in a list of candidates. */
export function shortHelp({ help }: OptionSpec): string {
  return help.split(/[;:]/, 1)[0]!;
}

/** In single quotes, as every shell here reads it. */
export function quoted(text: string, escapedQuote = `'\\''`): string {
  return `'${text.replaceAll("'", escapedQuote)}'`;
}

/** What lists the ids of the node's sandboxes, for commands that take one. */
export const listSandboxIds = `kata-metrics ls --output=json 2>/dev/null | sed -n 's/^ *"id": "\\([^"]*\\)",*$/\\1/p'`;
