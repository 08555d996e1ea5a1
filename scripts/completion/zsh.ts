/**
 * Completion for zsh.
 */
import type { OptionSpec } from '../../src/options/index.ts';
import type { Program, ProgramCommand } from '../programs.ts';
import { allOptions, listSandboxIds, quoted, shortHelp, valueKindOf } from './values.ts';

/** The function that is installed as `_<program>` in a folder of $fpath. */
export function zshCompletion({ name, commands }: Program): string {
  const functionName = `_${name}`;
  const [only] = commands;
  const body = only?.name === undefined ? argumentsOf(commands[0]!, '  ') : commandsBody(commands);
  return `#compdef ${name}
# zsh completion of ${name}, generated from its option tables.
${functionName}() {
${body}
}
${sandboxFunction(name, commands)}${functionName} "$@"
`;
}

function commandsBody(commands: readonly ProgramCommand[]): string {
  const described = commands.map(({ name = '', about }) => quoted(`${name}:${about.replaceAll(':', '\\:')}`));
  return `  local -a commands=(
    ${[...described, quoted('help:Print the help of a command')].join('\n    ')}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
${commands.map((command) => `    ${command.name})\n${argumentsOf(command, '      ')}\n      ;;`).join('\n')}
  esac`;
}

function argumentsOf({ options, takesSandbox }: ProgramCommand, indent: string): string {
  const specs = allOptions(options).flatMap(([flag, spec]) => argumentSpecs(flag, spec));
  const all = takesSandbox ? [...specs, quoted('*:sandbox:_kata_sandbox_ids')] : specs;
  return `${indent}_arguments -s ${all.map((spec) => `\\\n${indent}  ${spec}`).join(' ')}`;
}

function argumentSpecs(flag: string, spec: OptionSpec): string[] {
  const help = `[${shortHelp(spec).replaceAll(/[[\]\\:]/g, '\\$&')}]`;
  const star = spec.kind === 'list' ? '*' : '';
  const action = actionOf(spec);
  const long = quoted(`${star}--${flag}${action === undefined ? '' : '='}${help}${action ?? ''}`);
  return spec.short === undefined
    ? [long]
    : [long, quoted(`${star}-${spec.short}${action === undefined ? '' : '+'}${help}${action ?? ''}`)];
}

function actionOf(spec: OptionSpec): string | undefined {
  const value = valueKindOf(spec);
  const name = spec.kind === 'flag' ? '' : (spec.value ?? 'value').replaceAll(/[^a-z]+/g, ' ').trim();
  switch (value.kind) {
    case 'none':
      return undefined;
    case 'free':
      return `:${name}: `;
    case 'choices':
      return `:${name}:(${value.choices.join(' ')})`;
    case 'path':
      return `:${name}:${value.isDirectory ? '_files -/' : '_files'}`;
  }
}

function sandboxFunction(program: string, commands: readonly ProgramCommand[]): string {
  return commands.some(({ takesSandbox }) => takesSandbox)
    ? `_kata_sandbox_ids() {
  local -a ids=(\${(f)"$(${listSandboxIds.replace('kata-metrics', program)})"})
  compadd -a ids
}
`
    : '';
}
