/**
 * The options of a benchmark, from its command line. Prints them for `--help`, and exits with 2 for invalid ones.
 */
import { basename } from 'node:path';
import { parseArgs } from 'node:util';

type OptionsConfig = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>['options']>;
type Values<O extends OptionsConfig> = ReturnType<typeof parseArgs<{ options: O }>>['values'];

/** `options`: as `parseArgs` of node:util takes them. Does not return for `--help` and invalid options. */
export function readOptions<const O extends OptionsConfig>(options: O): Values<O> {
  const program = basename(process.argv[1] ?? '');
  if (process.argv.includes('--help') || process.argv.includes('-h')) {
    process.stdout.write(formatHelp(program, options));
    process.exit(0);
  }
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    process.stderr.write(`${program}: ${(error as Error).message}\n\n${formatHelp(program, options)}`);
    process.exit(2);
  }
}

function formatHelp(program: string, options: OptionsConfig): string {
  const rows = Object.entries(options).map(([name, { type, default: value }]) => {
    const note = value === undefined ? '' : `  (default: ${String(value)})`;
    return `  --${name}${type === 'string' ? ' <value>' : ''}${note}\n`;
  });
  return `Usage: node bench/${program} [options]\n\n${rows.join('')}\nThe comment at the beginning of bench/${program} describes what it measures.\n`;
}
