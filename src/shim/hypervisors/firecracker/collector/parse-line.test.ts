import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseLine } from './parse-line.ts';

const line = (groups: string): string => `{"utc_timestamp_ms":1739000000000,${groups}}`;
const parsed = (values: readonly object[], more: object = {}) => ({
  isTorn: false,
  isWhole: true,
  writtenMs: 1739000000000,
  values,
  ...more,
});
const vcpu = (item: string, value: bigint | number, counting = 'delta') => ({
  group: 'vcpu',
  device: undefined,
  item,
  counting,
  value,
});

describe('parseLine', () => {
  it.each([
    ['a number', line('"vcpu":{"failures":3}'), parsed([vcpu('failures', 3n)])],
    ['zero', line('"vcpu":{"failures":0}'), parsed([vcpu('failures', 0n)])],
    ['2^53 + 1', line('"vcpu":{"failures":9007199254740993}'), parsed([vcpu('failures', 9007199254740993n)])],
    ['2^64 - 1', line('"vcpu":{"failures":18446744073709551615}'), parsed([vcpu('failures', 2n ** 64n - 1n)])],
    ['a negative number', line('"vcpu":{"failures":-1}'), parsed([vcpu('failures', -1n)])],
    ['a fraction', line('"vcpu":{"failures":0.5}'), parsed([vcpu('failures', 0.5)])],
    ['too many digits', line('"vcpu":{"failures":100000000000000000000000}'), parsed([vcpu('failures', 1e23)])],
    [
      'an aggregate',
      line('"vcpu":{"exit_io_in_agg":{"min_us":1,"max_us":9,"sum_us":20}}'),
      parsed([
        vcpu('exit_io_in_agg_min_us', 1n, 'absolute'),
        vcpu('exit_io_in_agg_max_us', 9n, 'absolute'),
        vcpu('exit_io_in_agg_sum_us', 20n),
      ]),
    ],
    [
      'a device',
      line('"net_eth0":{"rx_count":1}'),
      parsed([{ group: 'net', device: 'eth0', item: 'rx_count', counting: 'delta', value: 1n }]),
    ],
    [
      'what is no number',
      line('"id":"vm","properties":{"a":"1","b":[2]},"x":null,"vcpu":{"a":true,"b":"2","c":[3]}'),
      parsed([]),
    ],
    ['deeper objects', line('"vcpu":{"a":{"b":{"c":1}}}'), parsed([])],
    ['no time', '{"vcpu":{"failures":1}}', parsed([vcpu('failures', 1n)], { writtenMs: undefined })],
    ['a time that is none', '{"utc_timestamp_ms":"now"}', parsed([], { writtenMs: undefined })],
    ['an empty object', '{}', parsed([], { writtenMs: undefined })],
    ['with a carriage return', `${line('"vcpu":{"failures":1}')}\r`, parsed([vcpu('failures', 1n)])],
    [
      'a torn line and a whole one behind it',
      `{"utc_timestamp_ms":1,"vcpu":{"fail${line('"vcpu":{"failures":1}')}`,
      parsed([vcpu('failures', 1n)], { isTorn: true }),
    ],
    [
      'a name of every object',
      line('"vcpu":{"__proto__":1,"constructor":2}'),
      parsed([vcpu('__proto__', 1n), vcpu('constructor', 2n)]),
    ],
  ])('reads %s', (_, text, expected) => {
    expect(parseLine(text)).toEqual(expected);
  });

  it.each([
    ['nothing', ''],
    ['half an object', '{"utc_timestamp_ms":1,"vcpu":{'],
    ['the end of one', 'ures":1}}'],
    ['two torn lines', '{"utc_timestamp_ms":1,"v{"utc_timestamp_ms":2,"v'],
    ['an array', '[{"vcpu":{"failures":1}}]'],
    ['a number', '1'],
    ['null', 'null'],
    ['no JSON', 'error: no such file'],
    ['NaN', '{"vcpu":{"failures":NaN}}'],
    ['ten thousand brackets', '['.repeat(10_000)],
    ['objects too deep for the stack', `${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}`],
  ])('does not: %s', (_, text) => {
    expect(parseLine(text)).toEqual({ isTorn: true, isWhole: false, writtenMs: undefined, values: [] });
  });

  const torn = (text: string) => `{"utc_timestamp_ms":1,${text}`;
  it.each<[string, string, readonly [string, bigint][]]>([
    ['a field, and not the one that may go on', '"net":{"rx_count":14,"tx_count":2', [['net.rx_count', 14n]]],
    [
      'both, where the second has its end',
      '"net":{"rx_count":14,"tx_count":2}',
      [
        ['net.rx_count', 14n],
        ['net.tx_count', 2n],
      ],
    ],
    ['groups before the one that breaks off', '"net":{"rx_count":14},"vcpu":{"fail', [['net.rx_count', 14n]]],
    ['a field before a name that breaks off', '"net":{"rx_count":14,"tx_c', [['net.rx_count', 14n]]],
    ['a field before a value that is missing', '"net":{"rx_count":14,"tx_count":', [['net.rx_count', 14n]]],
    ['a part of an aggregate', '"net":{"a_agg":{"min_us":1,"sum_us":20,"max_', [['net.a_agg_sum_us', 20n]]],
    ['nothing of a group that begins', '"net":{', []],
    ['nothing of a string that breaks off', '"id":"a,b}', []],
    ['a field after a string with everything in it', '"id":"},{\\"","net":{"rx_count":14,', [['net.rx_count', 14n]]],
    [
      'no value that stands as it is, which the next line has again',
      '"vmm":{"panic_count":1,"device_events":2,',
      [['vmm.device_events', 2n]],
    ],
    ['nothing of what closes more than it opened', '"net":{"rx_count":14}]}', [['net.rx_count', 14n]]],
  ])('takes of a torn line %s', (_, text, expected) => {
    const namesOf = (line: string) =>
      parseLine(line).values.map(({ group, item, value }) => [`${group}.${item}`, value]);
    expect(namesOf(torn(text))).toEqual(expected);
    expect(parseLine(torn(text)).isWhole).toBe(false);
    // With a whole line glued to it, and with another torn one before that.
    expect(namesOf(torn(text) + line('"vcpu":{"failures":1}'))).toEqual([...expected, ['vcpu.failures', 1n]]);
    expect(namesOf(torn(text) + torn(text))).toEqual([...expected, ...expected]);
    expect(parseLine(torn(text) + torn(text) + line('"a":{}'))).toMatchObject({ isTorn: true, isWhole: true });
  });

  it('takes of a line that is cut anywhere only what the whole line has', () => {
    const whole = line('"id":"a\\"}","net":{"rx_count":123,"b":{"min_us":1,"sum_us":45}},"vcpu":{"failures":67}');
    const all = parseLine(whole).values;
    for (let length = 0; length < whole.length; length++) {
      expect(all).toEqual(expect.arrayContaining([...parseLine(whole.slice(0, length)).values]));
    }
    expect(parseLine(whole.slice(0, -1)).values).toHaveLength(3);
  });

  it('leaves out the least and the greatest of totals, which are 0 there, and keeps those of devices', () => {
    const agg = '{"min_us":0,"max_us":0,"sum_us":20}';
    const items = parseLine(line(`"block_a":{"read_agg":${agg}},"block":{"read_agg":${agg}},"vcpu":{"x_agg":${agg}}`));
    expect(items.values.map(({ group, device, item }) => `${group} ${device ?? ''} ${item}`)).toEqual([
      'block a read_agg_min_us',
      'block a read_agg_max_us',
      'block a read_agg_sum_us',
      'block  read_agg_sum_us',
      'vcpu  x_agg_min_us',
      'vcpu  x_agg_max_us',
      'vcpu  x_agg_sum_us',
    ]);
  });

  it('reads a line of a megabyte', () => {
    const groups = Array.from({ length: 30_000 }, (_, i) => `"block_drive${i}":{"read_count":${i}}`);
    const text = line(groups.join(','));
    expect(text.length).toBeGreaterThan(1_000_000);
    expect(parseLine(text)).toMatchObject({ isWhole: true, values: { length: 30_000 } });
  });

  it('gives something for any text', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.json(), fc.json().map(line));
    fc.assert(
      fc.property(text, (each) => {
        const { isTorn, isWhole } = parseLine(each);
        expect(isTorn || isWhole).toBe(true);
      }),
    );
  });
});
