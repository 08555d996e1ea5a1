/**
 * kata-metrics from its command line. Exit codes: 0 done, 1 could not be done in full, 2 the command line cannot be used.
 */
import { formatHelp, OptionError, type OptionTable, type OptionValues, parseOptions } from '../options/index.ts';
import { type CommandName, cliCommands } from '../settings/cli.ts';
import { CliError } from './cli-error.ts';
import type { CliProgram } from './cli-program.ts';
import { get } from './get.ts';
import { ls } from './ls.ts';
import { stats } from './stats.ts';
import { up } from './up.ts';

const exitFailed = 1;
const exitUsage = 2;

const overview = `Usage: kata-metrics <command> [options]

Metrics of Kata sandboxes, for people at a terminal.

${Object.entries(cliCommands)
  .map(([name, { about }]) => `  ${name.padEnd(5)} ${about}`)
  .join('\n')}

See kata-metrics <command> --help. Exit codes: 0 done, 1 could not be done in full, 2 command line cannot be used.
`;

/** Returns the exit code; resolves when the command is done. */
export async function runCliProgram(args: readonly string[], program: CliProgram): Promise<number> {
  process.stdout.on('error', dropWhenUnread);
  try {
    await runCommand(args, program);
    return 0;
  } catch (error) {
    if (error instanceof OptionError) {
      process.stderr.write(`kata-metrics: ${error.message}\nTry "kata-metrics --help"\n`);
      return exitUsage;
    }
    if (error instanceof CliError) {
      process.stderr.write(`kata-metrics: ${error.message}\n`);
      return exitFailed;
    }
    throw error;
  }
}

/** `kata-metrics get … | head` is no failure: whoever reads has enough, or the terminal is gone. */
function dropWhenUnread(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE' && error.code !== 'EIO') {
    throw error;
  }
}

async function runCommand([command, ...rest]: readonly string[], program: CliProgram): Promise<void> {
  switch (command) {
    case 'up': {
      const values = read(command, rest, program);
      return values === undefined ? undefined : up(values, program);
    }
    case 'ls': {
      const { words, flags } = splitWords(rest, cliCommands.ls.options);
      const values = read(command, flags, program);
      return values === undefined ? undefined : ls(readOneOrNone(command, words), values);
    }
    case 'get': {
      const { words, flags } = splitWords(rest, cliCommands.get.options);
      const values = read(command, flags, program);
      if (values === undefined) {
        return;
      }
      const [beginning, ...more] = words;
      if (beginning === undefined || more.length > 0) {
        throw new OptionError(`Command "get" takes one sandbox, got ${words.length}`);
      }
      return get(beginning, values);
    }
    case 'stats': {
      const { words, flags } = splitWords(rest, cliCommands.stats.options);
      const values = read(command, flags, program);
      return values === undefined ? undefined : stats(readOneOrNone(command, words), values);
    }
    case 'version':
    case '--version':
    case '-version':
      process.stdout.write(`kata-metrics ${program.version}\n`);
      return;
    case 'help':
    case '--help':
    case '-h':
    case '-help':
      process.stdout.write(helpFor(rest[0]));
      return;
    default:
      throw new OptionError(
        command === undefined ? `Expected a command: ${commandNames.join(', ')}` : `Unknown command "${command}"`,
      );
  }
}

function readOneOrNone(command: string, [beginning, ...more]: readonly string[]): string | undefined {
  if (more.length > 0) {
    throw new OptionError(`Command "${command}" takes one sandbox or none, got ${more.length + 1}`);
  }
  return beginning;
}

const commandNames = Object.keys(cliCommands) as readonly CommandName[];

function helpFor(word: string | undefined): string {
  if (word === undefined) {
    return overview;
  }
  const command = commandNames.find((name) => name === word);
  if (command === undefined) {
    throw new OptionError(`Unknown command "${word}"`);
  }
  const { usage, about, options } = cliCommands[command];
  return formatHelp(usage, about, options);
}

/** Undefined when help or version have been printed. */
function read<C extends CommandName>(
  command: C,
  args: readonly string[],
  { version }: CliProgram,
): OptionValues<(typeof cliCommands)[C]['options']> | undefined {
  const { options } = cliCommands[command];
  const parsed = parseOptions(options, widenOutput(args));
  switch (parsed.kind) {
    case 'help':
      process.stdout.write(helpFor(command));
      return undefined;
    case 'version':
      process.stdout.write(`kata-metrics ${version}\n`);
      return undefined;
    case 'values':
      return parsed.values as OptionValues<(typeof cliCommands)[C]['options']>;
  }
}

/** `-o` is what people type for `--output`. */
function widenOutput(args: readonly string[]): string[] {
  return args.map((arg) => arg.replace(/^-o(?==|$)/, '--output'));
}

/** The words that are no flags: the first ones, before any flag, and those behind flags that hold their value. */
function splitWords(
  args: readonly string[],
  options: OptionTable,
): { readonly words: string[]; readonly flags: string[] } {
  const words: string[] = [];
  const flags: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (!arg.startsWith('-')) {
      words.push(arg);
      continue;
    }
    flags.push(arg);
    const name = arg.replace(/^--?/, '');
    const isFlag = /^(?:help|version|h)$/.test(name) || options[name]?.kind === 'flag';
    const takesValue = !arg.includes('=') && !isFlag;
    if (takesValue && i + 1 < args.length) {
      flags.push(args[++i]!);
    }
  }
  return { words, flags };
}
