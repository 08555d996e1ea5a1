/**
 * Completion for bash 4.4 and later.
 */
import type { OptionSpec } from '../../src/options/index.ts';
import type { Program, ProgramCommand } from '../programs.ts';
import { allOptions, listSandboxIds, quoted, valueKindOf } from './values.ts';

/** The script that is installed as `/usr/share/bash-completion/completions/<program>`. */
export function bashCompletion({ name, commands }: Program): string {
  const functionName = `_${name.replaceAll('-', '_')}`;
  const hasCommands = commands.some((command) => command.name !== undefined);
  const names = commands.flatMap((command) => command.name ?? []);
  return `# bash completion of ${name}, generated from its option tables.
# shellcheck shell=bash
${functionName}() {
  local current=\${COMP_WORDS[COMP_CWORD]} flag=\${COMP_WORDS[COMP_CWORD - 1]} command='' options=''
  # "--flag=value" comes as three words.
  if [[ $current == = ]]; then
    current=''
  elif [[ $flag == = ]]; then
    flag=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  if [[ $flag == -[!-]* ]]; then
    flag=-$flag
  fi
  COMPREPLY=()
${
  hasCommands
    ? `  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W ${quoted([...names, 'help', '--help', '--version'].join(' '))} -- "$current")
    return
  fi
  command=\${COMP_WORDS[1]}
`
    : ''
}  case "$command $flag" in
${commands.flatMap(valueCases).join('\n')}
  esac
  case $command in
${commands.map(optionsCase).join('\n')}
  esac
  if [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
  fi
${hasCommands && commands.some(({ takesSandbox }) => takesSandbox) ? sandboxPart(commands) : ''}}
complete -F ${functionName} ${name}
`;
}

function valueCases({ name = '', options }: ProgramCommand): string[] {
  return allOptions(options).flatMap(([flag, spec]) => {
    const patterns = [`${name} --${flag}`, ...(spec.short === undefined ? [] : [`${name} --${spec.short}`])];
    const action = valueAction(spec);
    return action === undefined
      ? []
      : [`    ${patterns.map((pattern) => quoted(pattern)).join(' | ')}) ${action}return ;;`];
  });
}

/** Undefined for a flag, after which another option may follow. */
function valueAction(spec: OptionSpec): string | undefined {
  const value = valueKindOf(spec);
  switch (value.kind) {
    case 'none':
      return undefined;
    case 'free':
      return '';
    case 'choices':
      return `mapfile -t COMPREPLY < <(compgen -W ${quoted(value.choices.join(' '))} -- "$current"); `;
    case 'path':
      return `compopt -o filenames; mapfile -t COMPREPLY < <(compgen ${value.isDirectory ? '-d' : '-f'} -- "$current"); `;
  }
}

function optionsCase({ name = '', options }: ProgramCommand): string {
  const flags = allOptions(options).map(([flag]) => `--${flag}`);
  return `    ${quoted(name)}) options=${quoted(flags.join(' '))} ;;`;
}

function sandboxPart(commands: readonly ProgramCommand[]): string {
  const names = commands.filter(({ takesSandbox }) => takesSandbox).map(({ name = '' }) => name);
  return `  case $command in
    ${names.join(' | ')})
      [[ $current == -* ]] || mapfile -t COMPREPLY < <(compgen -W "$(${listSandboxIds})" -- "$current")
      ;;
  esac
`;
}
