import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_DEVICES, parseCounters } from './parse-counters.ts';

const NEVER = '18446744073709551615';
const NEVER_MEAN = '1844674407370955';

const net = { rx_bytes: 1, rx_frames: 2, tx_bytes: 3, tx_frames: 4 };
const operations = (
  operation: 'read' | 'write',
  ops: number | string,
  latencies: readonly (number | string)[],
): string =>
  `"${operation}_bytes":512,"${operation}_ops":${ops},"${operation}_latency_min":${latencies[0]},"${operation}_latency_max":${latencies[1]},"${operation}_latency_avg":${latencies[2]}`;

describe('parseCounters', () => {
  it.each([
    ['no device: a root over virtiofs', '{}', []],
    ['an interface', JSON.stringify({ eth0: net }), [{ id: 'eth0', ...net }]],
    [
      'devices in any order, by their ids',
      JSON.stringify({ eth0: net, _net2: net, _disk10: { read_ops: 0 } }),
      [
        { id: '_disk10', read_ops: 0 },
        { id: '_net2', ...net },
        { id: 'eth0', ...net },
      ],
    ],
    [
      'a disk with requests',
      `{"d":{${operations('read', 7, [10, 30, 20])}}}`,
      [
        {
          id: 'd',
          read_bytes: 512,
          read_ops: 7,
          read_latency_min: 10,
          read_latency_max: 30,
          read_latency_avg: 20,
        },
      ],
    ],
    [
      'latencies that have never happened, v35 to v53',
      `{"d":{${operations('write', 0, [NEVER, NEVER, NEVER_MEAN])}}}`,
      [{ id: 'd', write_bytes: 512, write_ops: 0 }],
    ],
    [
      'the same with a request that was counted in between',
      `{"d":{${operations('write', 1, [NEVER, NEVER, NEVER_MEAN])}}}`,
      [{ id: 'd', write_bytes: 512, write_ops: 1 }],
    ],
    ['before v35', `{"d":{${operations('read', 0, [NEVER, 0, 0])}}}`, [{ id: 'd', read_bytes: 512, read_ops: 0 }]],
    ['after v53, which leaves them out', '{"d":{"read_ops":0}}', [{ id: 'd', read_ops: 0 }]],
    ['a counter that is new', '{"d":{"flush_ops":3,"read_ops":1}}', [{ id: 'd', read_ops: 1 }]],
    ['a device that counts nothing', '{"_fs1":{}}', [{ id: '_fs1' }]],
    ['counters that are none', '{"n":{"rx_bytes":-1,"rx_frames":1.5,"tx_bytes":"7","tx_frames":null}}', [{ id: 'n' }]],
    ['a counter beyond 2^63', `{"n":{"rx_bytes":${NEVER}}}`, [{ id: 'n' }]],
    ['more than 2^53', '{"n":{"rx_bytes":9007199254740994}}', [{ id: 'n', rx_bytes: 9007199254740994 }]],
    [
      'a name of every object',
      '{"__proto__":{"rx_bytes":1},"n":{"constructor":1}}',
      [{ id: '__proto__', rx_bytes: 1 }, { id: 'n' }],
    ],
  ])('%s', (_, text, devices) => {
    expect(parseCounters(text)).toEqual(devices);
  });

  it.each([
    ['', 'response is not JSON: ""'],
    ['{', 'response is not JSON: "{"'],
    ['["VM is not running"]', 'response must be an object of devices'],
    ['null', 'response must be an object of devices'],
    ['7', 'response must be an object of devices'],
    ['{"d":7}', 'device "d" must be an object of counters'],
    ['{"d":[]}', 'device "d" must be an object of counters'],
    ['{"":{}}', 'id of a device must be 1 to 128 characters'],
    [JSON.stringify({ ['x'.repeat(129)]: {} }), 'id of a device must be 1 to 128 characters'],
    ['{"\\ud800":{}}', 'id of a device must be 1 to 128 characters of Unicode'],
    ['['.repeat(100_000), 'response is not JSON'],
    [
      JSON.stringify(Object.fromEntries(Array.from({ length: MAX_DEVICES + 1 }, (_, i) => [`d${i}`, {}]))),
      `response has ${MAX_DEVICES + 1} devices, the limit is ${MAX_DEVICES}`,
    ],
  ])('rejects %j', (text, message) => {
    expect(() => parseCounters(text)).toThrow(message);
  });

  it('gives only ids and counts of anything, or says what it is', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc
            .dictionary(
              fc.string(),
              fc.dictionary(
                fc.constantFrom('rx_bytes', 'read_ops', 'read_latency_min', 'read_latency_max', 'read_latency_avg'),
                fc.oneof(fc.double(), fc.integer(), fc.bigInt().map(String)),
              ),
            )
            .map((value) => JSON.stringify(value)),
        ),
        (text) => {
          try {
            for (const { id, ...counters } of parseCounters(text)) {
              expect(id.isWellFormed() && id.length > 0).toBe(true);
              for (const value of Object.values(counters)) {
                expect(Number.isInteger(value) && value >= 0 && value < 2 ** 63).toBe(true);
              }
            }
          } catch (error) {
            expect(error).toMatchObject({ name: 'CountersError' });
          }
        },
      ),
    );
  });
});
