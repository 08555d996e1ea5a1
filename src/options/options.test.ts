import { describe, expect, expectTypeOf, it } from 'vitest';
import { formatHelp } from './help.ts';
import { OptionError } from './option-error.ts';
import { parseOptions } from './parse.ts';
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
  output: { kind: 'text', help: 'Form', value: 'form', choices: ['text', 'json'], default: 'text', short: 'o' },
  deny: { kind: 'list', help: 'A prefix', default: [] },
  level: {
    kind: 'text',
    help: 'Level',
    choices: ['info', 'warn'],
    default: 'info',
    lenient: { aliases: { warning: 'warn' }, fallback: 'warn' },
  },
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
  output: 'text',
  deny: [],
  level: 'info',
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
  [['--listen=x', '--listen=y'], { listen: 'y' }],
  [['--listen=-x'], { listen: '-x' }],
  [['--listen', '-'], { listen: '-' }],
  [['--listen='], { listen: '' }],
  [['--listen=x', '--no-go=true'], { noGo: true }],
  [['--listen=x', '--no-go', '--no-go=false'], { noGo: false }],
  [['--listen=x', '-o', 'json'], { output: 'json' }],
  [['--listen=x', '-ojson'], { output: 'json' }],
  [['--listen=x', '-o=json'], { output: 'json' }],
  [['--listen=x', '-output=json'], { output: 'json' }],
  [['--listen=x', '--level=WARN'], { level: 'warn' }],
  [['--listen=x', '--level=Warning'], { level: 'warn' }],
];

const INVALID: readonly [string[], string][] = [
  [[], 'Option "--listen" is required'],
  [['--listen'], 'Option "--listen" requires a value'],
  [
    ['--listen', '--no-go'],
    'Option "--listen" requires a value; to use "--no-go" as the value, write "--listen=--no-go"',
  ],
  [['--listen', 'x', '--lisen', 'y'], 'Unknown option "--lisen"; did you mean "--listen"?'],
  [['--listen', 'x', '-lisen=y'], 'Unknown option "-lisen"; did you mean "--listen"?'],
  [['--listen', 'x', '--nothing-like-it=1'], 'Unknown option "--nothing-like-it"'],
  [['--listen', 'x', '-z'], 'Unknown option "-z"'],
  [['--listen', 'x', '--constructor'], 'Unknown option "--constructor"'],
  [['--listen', 'x', '--__proto__=1'], 'Unknown option "--__proto__"'],
  [['--listen', 'x', 'y'], 'Unexpected argument "y"'],
  [['--listen', 'x', '--', '--no-go'], 'Unexpected argument "--no-go"'],
  [['--listen', 'x', '-oxml'], 'Option "--output" must be one of text, json, got "xml"'],
  [['--listen', 'x', '--log-level', 'loud'], 'Option "--log-level" must be one of debug, info, got "loud"'],
  [['--listen', 'x', '--timeout-ms', '0'], 'Option "--timeout-ms" must be an integer from 1 to 1000, got "0"'],
  [['--listen', 'x', '--timeout-ms', '1001'], 'Option "--timeout-ms" must be an integer from 1 to 1000, got "1001"'],
  [['--listen', 'x', '--timeout-ms', '1e2'], 'Option "--timeout-ms" must be an integer from 1 to 1000, got "1e2"'],
  [['--listen', 'x', '--timeout-ms='], 'Option "--timeout-ms" must be an integer from 1 to 1000, got ""'],
  [['--listen=x', '--shim-timeout=0'], 'Option "--shim-timeout" must be a duration from 1ms to 1m, got "0"'],
  [['--listen=x', '--shim-timeout=61s'], 'Option "--shim-timeout" must be a duration from 1ms to 1m, got "61s"'],
  [['--listen=x', '--shim-timeout=3'], 'Option "--shim-timeout" must be a duration from 1ms to 1m, got "3"'],
  [['--listen', 'x', '--no-go=on'], 'Option "--no-go" must be true or false, got "on"'],
];

describe('parseOptions', () => {
  it.each(VALID)('reads %j', (args, values) => {
    expect(parseOptions(table, args)).toEqual({
      kind: 'values',
      values: { ...defaults, ...values },
      words: [],
      notices: [],
    });
  });

  it.each(INVALID)('refuses %j', (args, message) => {
    expect(() => parseOptions(table, args)).toThrow(OptionError);
    expect(() => parseOptions(table, args)).toThrow(message);
  });

  it.each([['--help'], ['-h'], ['-help']])('%s prints help, whatever is missing', (flag) => {
    expect(parseOptions(table, [flag])).toEqual({ kind: 'help' });
  });

  it('knows --version', () => {
    expect(parseOptions(table, ['-version'])).toEqual({ kind: 'version' });
  });

  it('keeps or ignores arguments that are no flags, as the caller wants', () => {
    const args = ['a', '--listen', 'x', 'b', '--', '--no-go'];
    expect(parseOptions(table, args, { words: 'keep' })).toMatchObject({ words: ['a', 'b', '--no-go'], notices: [] });
    expect(parseOptions(table, args, { words: 'ignore' })).toMatchObject({
      values: { listen: 'x', noGo: false },
      words: [],
      notices: ['Argument "a" is ignored', 'Argument "b" is ignored', 'Argument "--no-go" is ignored'],
    });
  });

  it('uses the fallback for an unknown value of a lenient option, with a notice', () => {
    expect(parseOptions(table, ['--listen=x', '--level=loud'])).toMatchObject({
      values: { level: 'warn' },
      notices: ['Option "--level" must be one of info, warn, got "loud": using "warn"'],
    });
  });

  describe('with environment variables', () => {
    const parse = (variables: Record<string, string>, ...args: string[]) =>
      parseOptions(table, args, { environment: { prefix: 'KATA_X', variables } });

    it('has one for each flag', () => {
      const variables = {
        KATA_X_LISTEN: 'x',
        KATA_X_LOG_LEVEL: 'debug',
        KATA_X_TIMEOUT_MS: '7',
        KATA_X_ROOT: '/c, /d',
        KATA_X_NO_GO: 'true',
        KATA_X_WEB_CONFIG_FILE_X: '0',
        KATA_X_SHIM_TIMEOUT: '1s',
        KATA_X_LEVEL: 'loud',
      };
      expect(parse(variables)).toMatchObject({
        values: {
          listen: 'x',
          logLevel: 'debug',
          timeoutMs: 7,
          root: ['/c', '/d'],
          noGo: true,
          webConfigFileX: false,
          shimTimeoutMs: 1000,
          level: 'warn',
        },
        notices: ['Variable KATA_X_LEVEL must be one of info, warn, got "loud": using "warn"'],
      });
    });

    it('prefers the command line, and takes an empty variable for none', () => {
      expect(parse({ KATA_X_LISTEN: 'no', KATA_X_TIMEOUT_MS: '' }, '--listen=x')).toMatchObject({
        values: { listen: 'x', timeoutMs: 100 },
      });
    });

    it('names the variable that is wrong', () => {
      expect(() => parse({ KATA_X_TIMEOUT_MS: '0' }, '--listen=x')).toThrow(
        'Variable KATA_X_TIMEOUT_MS must be an integer from 1 to 1000, got "0"',
      );
    });

    it('has a notice for a variable without a flag, but not for those of Kubernetes', () => {
      const variables = {
        KATA_X_LISTN: 'x',
        KATA_X_SERVICE_HOST: '10.0.0.1',
        KATA_X_SERVICE_PORT: '8090',
        KATA_X_SERVICE_PORT_HTTP_METRICS: '8090',
        KATA_X_PORT: 'tcp://10.0.0.1:8090',
        KATA_X_PORT_8090_TCP_ADDR: '10.0.0.1',
        KATA_X_METRICS_PORT_8090_TCP: 'tcp://10.0.0.1:8090',
        KATA_XY: '',
      };
      expect(parse(variables, '--listen=x')).toMatchObject({
        notices: ['Variable KATA_X_LISTN is ignored: no such option; did you mean KATA_X_LISTEN?'],
      });
    });
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
      readonly output: 'text' | 'json';
      readonly deny: readonly string[];
      readonly level: 'info' | 'warn';
    }>();
  });
});

describe('formatHelp', () => {
  it('has every option with its limits, and no empty default', () => {
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
  -o, --output <form>        Form (text|json; default: text)
  --deny <text>              A prefix (may be given more than once)
  --level <text>             Level (info|warn; default: info)
  -h, --help                 Print this help
  --version                  Print the version
`);
  });
});
