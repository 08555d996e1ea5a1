import { describe, expect, expectTypeOf, it } from 'vitest';
import { formatHelp } from './help.ts';
import { OptionError, parseOptions } from './parse.ts';
import type { OptionTable, OptionValues } from './table.ts';

const table = {
  listen: { kind: 'text', help: 'Where to listen', value: 'address', isRequired: true },
  'log-level': { kind: 'text', help: 'What is logged', choices: ['debug', 'info'], default: 'info' },
  'timeout-ms': { kind: 'integer', help: 'Most time', min: 1, max: 1000, default: 100, unit: 'milliseconds' },
  pid: { kind: 'integer', help: 'A process', min: 1, max: 4194304 },
  root: { kind: 'list', help: 'A directory', default: ['/a', '/b'] },
  'no-go': { kind: 'flag', help: 'Without go' },
  'web.config-file.x': { kind: 'flag', help: 'With dots' },
  'shim-timeout': { kind: 'duration', help: 'Time for a shim', default: '3s', min: '1ms', max: '1m' },
} as const satisfies OptionTable;

const defaults = {
  listen: 'x',
  logLevel: 'info',
  timeoutMs: 100,
  pid: undefined,
  root: ['/a', '/b'],
  noGo: false,
  webConfigFileX: false,
  shimTimeoutMs: 3000,
};

const VALID: readonly [string[], Partial<OptionValues<typeof table>>][] = [
  [['--listen', 'x'], {}],
  [['--listen=x'], {}],
  [['-listen', 'x'], {}],
  [['-listen=x', '-no-go'], { noGo: true }],
  [['--listen', 'x', '--log-level', 'debug'], { logLevel: 'debug' }],
  [['--listen', 'x', '--timeout-ms', '1000', '--pid=1'], { timeoutMs: 1000, pid: 1 }],
  [['--listen', 'x', '--root', '/c', '-root=/d'], { root: ['/c', '/d'] }],
  [['--listen=a=b'], { listen: 'a=b' }],
  [['--listen=x', '--web.config-file.x'], { webConfigFileX: true }],
  [['--listen=x', '-web.config-file.x'], { webConfigFileX: true }],
  [['--listen=x', '-shim-timeout=1m'], { shimTimeoutMs: 60_000 }],
];

const INVALID: readonly [string[], string][] = [
  [[], 'Option "--listen" is required'],
  [['--listen'], "Option '--listen <value>' argument missing"],
  [['--listen', 'x', '--lisen', 'y'], "Unknown option '--lisen'"],
  [['--listen', 'x', 'y'], "Unexpected argument 'y'"],
  [['--listen', 'x', '--log-level', 'loud'], 'Option "--log-level" must be one of debug, info, got "loud"'],
  [['--listen', 'x', '--timeout-ms', '0'], 'Option "--timeout-ms" must be an integer from 1 to 1000, got "0"'],
  [['--listen', 'x', '--timeout-ms', '1001'], 'Option "--timeout-ms" must be an integer from 1 to 1000, got "1001"'],
  [['--listen', 'x', '--timeout-ms', '1e2'], 'Option "--timeout-ms" must be an integer from 1 to 1000, got "1e2"'],
  [['--listen', 'x', '--timeout-ms='], 'Option "--timeout-ms" must be an integer from 1 to 1000, got ""'],
  [['--listen=x', '--shim-timeout=0'], 'Option "--shim-timeout" must be a duration from 1ms to 1m, got "0"'],
  [['--listen=x', '--shim-timeout=61s'], 'Option "--shim-timeout" must be a duration from 1ms to 1m, got "61s"'],
  [['--listen=x', '--shim-timeout=3'], 'Option "--shim-timeout" must be a duration from 1ms to 1m, got "3"'],
  [['--listen', 'x', '--no-go=1'], "Option '--no-go' does not take an argument"],
];

describe('parseOptions', () => {
  it.each(VALID)('reads %j', (args, values) => {
    expect(parseOptions(table, args)).toEqual({ kind: 'values', values: { ...defaults, ...values } });
  });

  it.each(INVALID)('refuses %j', (args, message) => {
    expect(() => parseOptions(table, args)).toThrow(OptionError);
    expect(() => parseOptions(table, args)).toThrow(message);
  });

  it.each([['--help'], ['-h'], ['-help']])('%s asks for help, whatever is missing', (flag) => {
    expect(parseOptions(table, [flag])).toEqual({ kind: 'help' });
  });

  it('knows --version', () => {
    expect(parseOptions(table, ['-version'])).toEqual({ kind: 'version' });
  });

  it('gives values the types of the table', () => {
    expectTypeOf<OptionValues<typeof table>>().toEqualTypeOf<{
      readonly listen: string;
      readonly logLevel: 'debug' | 'info';
      readonly timeoutMs: number;
      readonly pid: number | undefined;
      readonly root: readonly string[];
      readonly noGo: boolean;
      readonly webConfigFileX: boolean;
      readonly shimTimeoutMs: number;
    }>();
  });
});

describe('formatHelp', () => {
  it('has every option with its bounds', () => {
    expect(formatHelp('x [options]', 'Does x.', table)).toBe(`Usage: x [options]

Does x.

  --listen <address>         Where to listen (required)
  --log-level <text>         What is logged (debug|info; default: info)
  --timeout-ms <n>           Most time (milliseconds; default: 100)
  --pid <n>                  A process
  --root <text>              A directory (may be given more than once; default: /a /b)
  --no-go                    Without go
  --web.config-file.x        With dots
  --shim-timeout <duration>  Time for a shim (default: 3s)
  -h, --help                 Print this help
  --version                  Print the version
`);
  });
});
