import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseLine } from './parse-line.ts';

const line = (groups: string): string => `{"utc_timestamp_ms":1739000000000,${groups}}`;
const parsed = (figures: readonly object[], more: object = {}) => ({
  kind: 'figures',
  isTorn: false,
  writtenMs: 1739000000000,
  figures,
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
    expect(parseLine(text)).toEqual({ kind: 'malformed' });
  });

  it('reads a line of a megabyte', () => {
    const groups = Array.from({ length: 30_000 }, (_, i) => `"block_drive${i}":{"read_count":${i}}`);
    const text = line(groups.join(','));
    expect(text.length).toBeGreaterThan(1_000_000);
    expect(parseLine(text)).toMatchObject({ kind: 'figures', figures: { length: 30_000 } });
  });

  it('gives something for any text', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.json(), fc.json().map(line));
    fc.assert(
      fc.property(text, (each) => {
        expect(['figures', 'malformed']).toContain(parseLine(each).kind);
      }),
    );
  });
});
