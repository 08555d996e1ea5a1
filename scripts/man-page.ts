/**
 * A program as a page of the manual, in the macros of man(7). Pure.
 */

import { type OptionSpec, type OptionTable, variableName } from '../src/options/index.ts';
import { SANDBOX_MEANING } from '../src/settings/cli.ts';
import type { Program, ProgramCommand } from './programs.ts';

/** Ends with a line feed. `version`: of the package. */
export function manPage(program: Program, version: string, others: readonly Program[]): string {
  const { name, section, summary, about, commands, exitCodes } = program;
  return [
    `.TH ${name.toUpperCase().replaceAll('-', '\\-')} ${section} "" "kata\\-metrics ${roffText(version)}" "Kata metrics"`,
    '.SH NAME',
    `${roffText(name)} \\- ${roffText(summary)}`,
    '.SH SYNOPSIS',
    ...commands
      .flatMap(({ name: command, operands }) => [
        `.B ${roffText([name, command ?? []].flat().join(' '))}`,
        roffText(operands),
        '.br',
      ])
      .slice(0, -1),
    '.SH DESCRIPTION',
    textLine(about),
    ...(commands[0]?.name === undefined ? [] : ['.SH COMMANDS', ...commands.flatMap(commandEntry)]),
    '.SH OPTIONS',
    'Flags have two dashes or one; a value follows after "=" or a blank. Durations are written as in Go programs: 500ms, 3s,',
    '1m30s.',
    ...commands.flatMap(optionsPart),
    '.SS Every command',
    ...entry('\\fB\\-h\\fR, \\fB\\-\\-help\\fR', 'Print the help.'),
    ...entry('\\fB\\-\\-version\\fR', 'Print the version.'),
    ...environmentPart(program),
    '.SH EXIT STATUS',
    ...Object.entries(exitCodes).flatMap(([code, meaning]) => entry(`.B ${code}`, roffText(meaning))),
    '.SH SEE ALSO',
    others
      .filter((other) => other !== program)
      .map((other) => `.BR ${roffText(other.name)} (${other.section})`)
      .join(' ,\n'),
    '',
  ].join('\n');
}

function commandEntry({ name = '', about, takesSandbox }: ProgramCommand): string[] {
  return entry(`.B ${roffText(name)}`, roffText(takesSandbox ? `${about} ${SANDBOX_MEANING}` : about));
}

function optionsPart({ name, options }: ProgramCommand): string[] {
  const heading = name === undefined ? [] : [`.SS ${roffText(name)}`];
  return [...heading, ...Object.entries(options).flatMap(([flag, spec]) => optionEntry(flag, spec))];
}

function optionEntry(flag: string, spec: OptionSpec): string[] {
  const short = spec.short === undefined ? '' : `\\fB\\-${spec.short}\\fR, `;
  const value = spec.kind === 'flag' ? '' : `=\\fI${roffText(spec.value ?? spec.kind)}\\fR`;
  return entry(`${short}\\fB\\-\\-${roffText(flag)}\\fR${value}`, roffText(`${spec.help}.${notesOf(spec)}`));
}

function notesOf(spec: OptionSpec): string {
  const notes: string[] = [];
  if (spec.kind === 'text' && spec.choices !== undefined) {
    notes.push(`One of ${spec.choices.join(', ')}.`);
  }
  if (spec.kind === 'integer' || spec.kind === 'duration') {
    notes.push(`From ${spec.min} to ${spec.max}${spec.kind === 'integer' && spec.unit ? ` ${spec.unit}` : ''}.`);
  }
  if (spec.kind === 'list') {
    notes.push('May be given more than once.');
  }
  const defaults = spec.kind === 'flag' ? [] : [spec.default ?? []].flat();
  if (defaults.length > 0) {
    notes.push(`Default: ${defaults.join(' ')}.`);
  }
  if ('isRequired' in spec && spec.isRequired) {
    notes.push('Required.');
  }
  return notes.map((note) => ` ${note}`).join('');
}

function environmentPart({ variablePrefix, commands }: Program): string[] {
  if (variablePrefix === undefined) {
    return [];
  }
  const flags = commands.flatMap(({ options }: { options: OptionTable }) => Object.keys(options));
  return [
    '.SH ENVIRONMENT',
    'Each option has a variable; the command line comes first. Lists are separated by commas; flags are true or false.',
    ...flags.flatMap((flag) => entry(`.B ${roffText(variableName(variablePrefix, flag))}`, roffText(`As --${flag}.`))),
  ];
}

/** A paragraph with a tag. */
function entry(tag: string, text: string): string[] {
  return ['.TP', tag, text.replace(/^[.']/, '\\&$&')];
}

function textLine(text: string): string {
  return roffText(text).replace(/^[.']/, '\\&$&');
}

/** A hyphen that is typed stays one; a backslash is none of roff. */
function roffText(text: string): string {
  return text.replaceAll('\\', '\\e').replaceAll('-', '\\-');
}
