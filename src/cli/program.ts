/**
 * The command line of kata-metrics. Exit codes: 0 success, 1 failure or incomplete result, 2 invalid command line.
 */
import { formatHelp, OptionError, type OptionValues, parseOptions, suggest } from '../options/index.ts';
import { exitCodes, runProgram } from '../program/run-program.ts';
import { type CommandName, cliCommands, SANDBOX_MEANING, SANDBOX_OPERAND } from '../settings/cli.ts';
import type { CliProgram } from './cli-program.ts';
import { type RuntimeAction, runtimeActions } from './runtime/actions.ts';

/** Length of the longest name of a command. */
const COMMAND_WIDTH = Math.max(...Object.keys(cliCommands).map(({ length }) => length));

const overview = `Usage: kata-metrics <command> [options]

Shows the metrics of Kata sandboxes in a terminal.

${Object.entries(cliCommands)
  .map(([name, { about }]) => `  ${name.padEnd(COMMAND_WIDTH)}  ${about}`)
  .join('\n')}

See kata-metrics <command> --help. Exit codes: 0 success, 1 failure or incomplete result, 2 invalid command line.
`;

/** Returns the exit code; resolves when the command is done. */
export function runCommandLine(args: readonly string[], program: CliProgram): Promise<number> {
  const command = commandNames.find((name) => name === args[0]);
  const helpCommand = ['kata-metrics', ...(command === undefined ? [] : [command]), '--help'].join(' ');
  return runProgram({ name: 'kata-metrics', helpCommand }, async () => {
    await runCommand(args, program);
    return exitCodes.done;
  });
}

/** Each command is imported when it is called, so that `ls` does not load the monitor that `up` starts. */
async function runCommand([command, ...rest]: readonly string[], program: CliProgram): Promise<void> {
  switch (command) {
    case 'up': {
      const read = readArguments(command, rest, program);
      return read && (await import('./up.ts')).up(read.values, program);
    }
    case 'ls': {
      const read = readArguments(command, rest, program);
      return read && (await import('./ls.ts')).ls(oneOrNone(command, read.words), read.values);
    }
    case 'top': {
      const read = readArguments(command, rest, program);
      return read && (await import('./top/top.ts')).top(read.values, program.version);
    }
    case 'page': {
      const read = readArguments(command, rest, program);
      return read && (await import('./page.ts')).page(read.values, program.version);
    }
    case 'events': {
      const read = readArguments(command, rest, program);
      return read && (await import('./events/events.ts')).events(read.values, program.version);
    }
    case 'get': {
      const read = readArguments(command, rest, program);
      return read && (await import('./get.ts')).get(one(command, read.words), read.values);
    }
    case 'stats': {
      const read = readArguments(command, rest, program);
      return read && (await import('./stats.ts')).stats(oneOrNone(command, read.words), read.values);
    }
    case 'runtime': {
      const read = readArguments(command, rest, program);
      return read && (await import('./runtime/runtime.ts')).runtime(oneAction(read.words), read.values);
    }
    case 'help':
    case '--help':
    case '-h':
    case '-help':
      process.stdout.write(helpFor(rest[0]));
      return;
    default:
      throw command === undefined
        ? new OptionError(`Expected a command: ${commandNames.join(', ')}`)
        : unknownCommand(command);
  }
}

function unknownCommand(word: string): OptionError {
  return new OptionError(`Unknown command "${word}"${suggest(word, commandNames)}`);
}

function one(command: string, words: readonly string[]): string {
  const [beginning, ...more] = words;
  if (beginning === undefined || more.length > 0) {
    throw new OptionError(`Command "${command}" takes one sandbox, got ${words.length}`);
  }
  return beginning;
}

function oneOrNone(command: string, [beginning, ...more]: readonly string[]): string | undefined {
  if (more.length > 0) {
    throw new OptionError(`Command "${command}" takes one sandbox or none, got ${more.length + 1}`);
  }
  return beginning;
}

function oneAction([word, ...more]: readonly string[]): RuntimeAction {
  const action = runtimeActions.find((each) => each === word);
  if (action === undefined || more.length > 0) {
    const got = word === undefined ? 'none' : `"${[word, ...more].join(' ')}"`;
    throw new OptionError(`Command "runtime" takes one of ${runtimeActions.join(', ')}, got ${got}`);
  }
  return action;
}

const commandNames = Object.keys(cliCommands) as readonly CommandName[];

function helpFor(word: string | undefined): string {
  if (word === undefined) {
    return overview;
  }
  const command = commandNames.find((name) => name === word);
  if (command === undefined) {
    throw unknownCommand(word);
  }
  const { usage, about, options } = cliCommands[command];
  return formatHelp(usage, about, options, usage.includes(SANDBOX_OPERAND) ? SANDBOX_MEANING : undefined);
}

interface CommandArguments<C extends CommandName> {
  readonly values: OptionValues<(typeof cliCommands)[C]['options']>;
  /** The positional arguments. */
  readonly words: readonly string[];
}

/** Undefined when help or version have been printed. */
function readArguments<C extends CommandName>(
  command: C,
  args: readonly string[],
  { version }: CliProgram,
): CommandArguments<C> | undefined {
  const { options } = cliCommands[command];
  const parsed = parseOptions(options, args, {
    words: ['events', 'page', 'top', 'up'].includes(command) ? 'refuse' : 'keep',
  });
  switch (parsed.kind) {
    case 'help':
      process.stdout.write(helpFor(command));
      return undefined;
    case 'version':
      process.stdout.write(`kata-metrics ${version}\n`);
      return undefined;
    case 'values':
      return { values: parsed.values as CommandArguments<C>['values'], words: parsed.words };
  }
}
