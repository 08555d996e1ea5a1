/**
 * Completion for fish.
 */
import type { OptionSpec } from '../../src/options/index.ts';
import type { Program, ProgramCommand } from '../programs.ts';
import { allOptions, listSandboxIds, quoted, shortHelp, valueKindOf } from './values.ts';

const fishQuoted = (text: string): string => quoted(text.replaceAll('\\', '\\\\'), `\\'`);

/** The script that is installed as `<program>.fish` in a folder of $fish_complete_path. */
export function fishCompletion({ name, commands }: Program): string {
  const lines = commands.flatMap((command) => [
    ...(command.name === undefined
      ? []
      : [`complete -c ${name} -n __fish_use_subcommand -a ${command.name} -d ${fishQuoted(command.about)}`]),
    ...allOptions(command.options).map(([flag, spec]) => optionLine(name, command, flag, spec)),
    ...(command.takesSandbox
      ? [`complete -c ${name}${conditionOf(command)} -a ${fishQuoted(`(${listSandboxIds})`)}`]
      : []),
  ]);
  return `# fish completion of ${name}, generated from its option tables.
complete -c ${name} -f
${lines.join('\n')}
`;
}

function conditionOf({ name }: ProgramCommand): string {
  return name === undefined ? '' : ` -n '__fish_seen_subcommand_from ${name}'`;
}

function optionLine(program: string, command: ProgramCommand, flag: string, spec: OptionSpec): string {
  const short = spec.short === undefined ? '' : ` -s ${spec.short}`;
  return `complete -c ${program}${conditionOf(command)}${short} -l ${flag}${valueFlags(spec)} -d ${fishQuoted(shortHelp(spec))}`;
}

function valueFlags(spec: OptionSpec): string {
  const value = valueKindOf(spec);
  switch (value.kind) {
    case 'none':
      return '';
    case 'free':
      return ' -x';
    case 'choices':
      return ` -xa ${fishQuoted(value.choices.join(' '))}`;
    case 'path':
      return value.isDirectory ? " -xa '(__fish_complete_directories)'" : ' -rF';
  }
}
