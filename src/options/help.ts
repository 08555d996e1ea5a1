/**
 * The text of `--help`, made from a table of options. Prints nothing itself.
 */
import type { OptionSpec, OptionTable } from './table.ts';

const MAX_FLAG_COLUMN = 34;

/**
 * `usage` is the text after "Usage:", `about` one or two sentences below it, `closing` the text after the options. Ends with
 * a line feed.
 */
export function formatHelp(usage: string, about: string, table: OptionTable, closing?: string): string {
  const rows = Object.entries(table).map(([name, spec]) => [formatFlag(name, spec), formatMeaning(spec)] as const);
  rows.push(['-h, --help', 'Print this help'], ['--version', 'Print the version']);
  const width = Math.min(MAX_FLAG_COLUMN, Math.max(...rows.map(([flag]) => flag.length)));
  const lines = rows.map(([flag, meaning]) => `  ${flag.padEnd(width)}  ${meaning}`);
  const end = closing === undefined ? '' : `\n${closing}\n`;
  return `Usage: ${usage}\n\n${about}\n\n${lines.join('\n')}\n${end}`;
}

function formatFlag(name: string, spec: OptionSpec): string {
  const kindOfValue = { integer: 'n', duration: 'duration', list: 'text', text: 'text' };
  const flag = spec.short === undefined ? `--${name}` : `-${spec.short}, --${name}`;
  return spec.kind === 'flag' ? flag : `${flag} <${spec.value ?? kindOfValue[spec.kind]}>`;
}

function formatMeaning(spec: OptionSpec): string {
  const notes: string[] = [];
  if (spec.kind === 'text' && spec.choices !== undefined) {
    notes.push(spec.choices.join('|'));
  }
  if (spec.kind === 'integer' && spec.unit !== undefined) {
    notes.push(spec.unit);
  }
  if (spec.kind === 'list') {
    notes.push('may be given more than once');
  }
  const defaults = spec.kind === 'flag' ? [] : [spec.default ?? []].flat();
  if (defaults.length > 0) {
    notes.push(`default: ${defaults.join(' ')}`);
  }
  if ('isRequired' in spec && spec.isRequired) {
    notes.push('required');
  }
  return notes.length === 0 ? spec.help : `${spec.help} (${notes.join('; ')})`;
}
