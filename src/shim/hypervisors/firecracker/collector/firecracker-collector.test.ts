import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { catalog } from '../../../../catalog/index.ts';
import type { CatalogFamily } from '../../../../collectors/index.ts';
import { encodeText, scan } from '../../../../exposition/index.ts';
import { FirecrackerCollector } from './firecracker-collector.ts';

type FieldKind = 'absolute' | 'delta' | 'latency';

/** Every group of Firecracker's lines, and how each of its fields counts. */
const contractUrl = new URL('../../../../../test/fixtures/contract/firecracker.json', import.meta.url);
const contract: Readonly<Record<string, Readonly<Record<string, FieldKind>>>> = JSON.parse(
  readFileSync(contractUrl, 'utf8'),
).groups;

let nowMs = 0;
let wallMs = 0;

function createCollector(): FirecrackerCollector {
  nowMs = 1_000_000;
  wallMs = 1_739_000_000_000;
  return new FirecrackerCollector({ now: () => nowMs, wallClock: () => wallMs });
}

const push = (collector: FirecrackerCollector, ...lines: unknown[]): void => {
  for (const line of lines) {
    collector.push(Buffer.from(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`));
  }
};

const at = (groups: object): object => ({ utc_timestamp_ms: wallMs, ...groups });

/** Values by series: `net{rx_count}`, with its device `net{rx_count,eth0}`. */
function valuesOf(collector: FirecrackerCollector): Map<string, string> {
  return new Map(
    collector.families().flatMap(({ name, samples }: CatalogFamily) =>
      samples.map(({ labels, value }): [string, string] => {
        const all = Object.values(labels).join();
        return [`${name.replace('kata_firecracker_', '')}${all === '' ? '' : `{${all}}`}`, String(value)];
      }),
    ),
  );
}

/** A line in which field number n of a group is n times `factor`. */
function makeGroup(fields: Readonly<Record<string, FieldKind>>, factor: bigint): string {
  const texts = Object.entries(fields).map(([field, kind], i) => {
    const n = BigInt(i + 1) * factor;
    return `"${field}":${kind === 'latency' ? `{"min_us":${n},"max_us":${n + 1n},"sum_us":${n + 2n}}` : n}`;
  });
  return `{${texts.join()}}`;
}

/** What the group must be after lines of these factors. */
function expectedOf(
  group: string,
  fields: Readonly<Record<string, FieldKind>>,
  factors: readonly bigint[],
): [string, string][] {
  const last = factors.at(-1)!;
  const sum = factors.reduce((a, b) => a + b);
  const rules: Readonly<Record<FieldKind, (field: string, n: bigint) => [string, bigint][]>> = {
    delta: (field, n) => [[field, n * sum]],
    absolute: (field, n) => [[field, n * last]],
    latency: (field, n) => [
      [`${field}_min_us`, n * last],
      [`${field}_max_us`, n * last + 1n],
      [`${field}_sum_us`, n * sum + 2n * BigInt(factors.length)],
    ],
  };
  return Object.entries(fields)
    .flatMap(([field, kind], i) => rules[kind](field, BigInt(i + 1)))
    .map(([item, value]) => [`${group}{${item}}`, String(value)]);
}

const FACTORS = [7n, 0n, 2n ** 53n, 3n];

describe('the groups of Firecracker', () => {
  it('are 24', () => {
    expect(Object.keys(contract)).toHaveLength(24);
  });

  it.each(Object.entries(contract))('%s is added up over four flushes, to the last digit', (group, fields) => {
    const collector = createCollector();
    for (const factor of FACTORS) {
      push(collector, `{"utc_timestamp_ms":${wallMs},"${group}":${makeGroup(fields, factor)}}`);
    }
    const values = [...valuesOf(collector)].filter(([series]) => series.startsWith(`${group}{`));
    expect(values.sort()).toEqual(expectedOf(group, fields, FACTORS).sort());
  });

  it.each(Object.entries(contract))('%s has a family in the catalog', (group) => {
    expect(Object.keys(catalog)).toContain(`kata_firecracker_${group}`);
  });

  it('all come from one line, in families that a scanner finds no fault with', () => {
    const collector = createCollector();
    const groups = Object.entries(contract).map(([group, fields]) => `"${group}":${makeGroup(fields, 1n)}`);
    push(collector, `{"utc_timestamp_ms":${wallMs},${groups.join()}}`);
    const scanned = scan(encodeText(collector.families()));
    expect(scanned.faults.described).toEqual([]);
    const names = Object.keys(contract).map((group) => `kata_firecracker_${group}`);
    expect(scanned.form.families.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
  });
});

describe('FirecrackerCollector', () => {
  it('has devices beside their total', () => {
    const collector = createCollector();
    const line = at({ net_eth0: { rx_count: 2 }, net: { rx_count: 5 }, net_eth1: { rx_count: 3 } });
    push(collector, line, line);
    expect(collector.families().filter(({ name }) => name === 'kata_firecracker_net')).toMatchObject([
      {
        type: 'gauge',
        help: catalog.kata_firecracker_net.help,
        samples: [
          { labels: { item: 'rx_count' }, value: 10n },
          { labels: { item: 'rx_count', device: 'eth0' }, value: 4n },
          { labels: { item: 'rx_count', device: 'eth1' }, value: 6n },
        ],
      },
    ]);
  });

  it('keeps what a release does not write any more, and takes what a newer one has', () => {
    const collector = createCollector();
    push(collector, at({ vcpu: { filter_cpuid: 1, failures: 1 } }), at({ vcpu: { failures: 1, exit_hlt: 4 } }));
    push(
      collector,
      at({ gpu: { frames: 2, load_agg: { min_us: 1, max_us: 2, sum_us: 3 } } }),
      at({ gpu: { frames: 2 } }),
    );
    const values = valuesOf(collector);
    expect(values.get('vcpu{filter_cpuid}')).toBe('1');
    expect(values.get('vcpu{failures}')).toBe('2');
    expect(values.get('vcpu{exit_hlt}')).toBe('4');
    expect(values.get('gpu{frames}')).toBe('4');
    expect(values.get('gpu{load_agg_sum_us}')).toBe('3');
  });

  it('goes on with the sums when Firecracker was started again', () => {
    const collector = createCollector();
    push(collector, at({ net: { rx_count: 5 }, vmm: { panic_count: 1 } }), '{"utc_timestamp_ms":17390000');
    push(collector, at({ net: { rx_count: 2 }, vmm: { panic_count: 0 } }));
    expect(valuesOf(collector).get('net{rx_count}')).toBe('7');
    expect(valuesOf(collector).get('vmm{panic_count}')).toBe('0');
  });

  it.each<[string, string, string, string | undefined]>([
    ['a negative delta', '{"net":{"rx_count":-1}}', 'bad_value', '5'],
    ['a delta with a fraction', '{"net":{"rx_count":1.5}}', 'bad_value', '5'],
    ['a delta that has wrapped below zero', '{"net":{"rx_count":18446744073709551615}}', 'bad_value', '5'],
    ['the largest of those', '{"net":{"rx_count":9223372036854775808}}', 'bad_value', '5'],
    ['a delta beyond 64 bits', '{"net":{"rx_count":18446744073709551616}}', 'bad_value', '5'],
    ['a delta beyond a double', '{"net":{"rx_count":1e999}}', 'bad_value', '5'],
    ['bad JSON', '{"net":{"rx_count":}}', 'line_malformed', '5'],
    [
      'a torn line',
      '{"utc_timestamp_ms":1,"net":{"rx_{"utc_timestamp_ms":2,"net":{"rx_count":3}}',
      'line_malformed',
      '8',
    ],
    ['a line that is too long', `{"net":"${'x'.repeat(4 * 1024 * 1024)}"}`, 'line_too_long', '5'],
    ['the name of another family', '{"age_seconds":{"x":1}}', 'bad_name', '5'],
    ['a group without a name', '{"":{"x":1}}', 'bad_name', '5'],
    ['a field without a name', '{"net":{"":1}}', 'bad_name', '5'],
    ['a name that is too long', `{"net":{"${'x'.repeat(129)}":1}}`, 'bad_name', '5'],
    ['a group that is another one when cleaned', '{"a-b":{"x":1},"a+b":{"x":1}}', 'bad_name', '5'],
    [
      'a field that is a part too',
      '{"net":{"a_min_us":1,"a":{"min_us":1},"b":{"sum_us":1},"b_sum_us":1}}',
      'bad_name',
      '5',
    ],
  ])('refuses %s, and only that', (_, text, reason, expected) => {
    const collector = createCollector();
    push(collector, at({ net: { rx_count: 5 } }), text);
    const values = valuesOf(collector);
    expect(values.get('net{rx_count}')).toBe(expected);
    expect(values.get(`refused_total{${reason}}`)).toBe('1');
  });

  it('takes absolute collector as they are', () => {
    const collector = createCollector();
    push(collector, '{"vmm":{"panic_count":18446744073709551615},"latencies_us":{"pause_vm":-3,"load_snapshot":0.5}}');
    const values = valuesOf(collector);
    expect(values.get('vmm{panic_count}')).toBe('18446744073709551615');
    expect(values.get('latencies_us{pause_vm}')).toBe('-3');
    expect(values.get('latencies_us{load_snapshot}')).toBe('0.5');
  });

  it('limits groups and series', () => {
    const collector = createCollector();
    const many = (count: number, make: (i: number) => [string, unknown]) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => make(i)));
    push(collector, at(many(40, (i) => [`group${i}`, { x: 1 }])));
    expect(valuesOf(collector).get('refused_total{too_many}')).toBe('8');
    push(collector, at({ vcpu: many(9_000, (i) => [`item${i}`, 1]) }));
    expect(valuesOf(collector).get('refused_total{too_many}')).toBe(String(8 + 9_000 + 32 - 8_192));
    push(collector, at({ vcpu: { item0: 1 } }));
    expect(valuesOf(collector).get('vcpu{item0}')).toBe('2');
  });

  it('says how old the collector are', () => {
    const collector = createCollector();
    expect(valuesOf(collector).get('age_seconds')).toBeUndefined();
    push(collector, { utc_timestamp_ms: wallMs - 2_000 });
    nowMs += 500;
    wallMs += 1_000_000; // Somebody sets the clock.
    expect(valuesOf(collector).get('age_seconds')).toBe('2.5');
    push(collector, { utc_timestamp_ms: wallMs + 5_000 });
    expect(valuesOf(collector).get('age_seconds')).toBe('0');
    push(collector, {});
    expect(valuesOf(collector).get('age_seconds')).toBeUndefined();
    expect(valuesOf(collector).get('lines_total')).toBe('3');
  });

  it('tells who waits for a line', async () => {
    const collector = createCollector();
    const next = collector.nextLine();
    push(collector, 'no line', {});
    await next;
    expect(collector.lineCount).toBe(1);
  });

  it('adds up what follows a delta that has wrapped below zero', () => {
    const collector = createCollector();
    push(collector, '{"net":{"rx_count":18446744073709551615}}');
    expect(valuesOf(collector).has('net{rx_count}')).toBe(false);
    push(
      collector,
      at({ net: { rx_count: 3 } }),
      '{"net":{"rx_count":18446744073709551609}}',
      at({ net: { rx_count: 4 } }),
    );
    expect(valuesOf(collector).get('net{rx_count}')).toBe('7');
    expect(valuesOf(collector).get('refused_total{bad_value}')).toBe('2');
  });

  it('takes what is complete of a torn line, but for its time and as a line', () => {
    const collector = createCollector();
    push(collector, at({ block_a: { queue_event_count: 700 } }));
    push(
      collector,
      `{"utc_timestamp_ms":1,"block_a":{"queue_event_count":14,"read_b${JSON.stringify(at({ block_a: { queue_event_count: 81 } }))}`,
    );
    expect(valuesOf(collector).get('block{queue_event_count,a}')).toBe('795');
    collector.push(Buffer.from('{"utc_timestamp_ms":1,"block_a":{"queue_event_count":5,'));
    collector.breakLine();
    const values = valuesOf(collector);
    expect(values.get('block{queue_event_count,a}')).toBe('800');
    expect(values.get('lines_total')).toBe('2');
    expect(values.get('age_seconds')).toBe('0');
    expect(values.get('refused_total{line_malformed}')).toBe('2');
  });

  it('counts a line that was cut off', () => {
    const collector = createCollector();
    collector.push(Buffer.from('{"net":{"rx_count":1}}\n{"ne'));
    collector.breakLine();
    collector.breakLine();
    push(collector, { net: { rx_count: 1 } });
    expect(valuesOf(collector).get('net{rx_count}')).toBe('2');
    expect(valuesOf(collector).get('refused_total{line_malformed}')).toBe('1');
  });
});

describe('any bytes', () => {
  const scalar = fc.oneof(
    fc.bigInt({ min: -5n, max: 2n ** 70n }).map(String),
    fc.constantFrom('0', '1', '18446744073709551615', '1e400', '-0', 'null', '"a"', '[1]', '0.5'),
  );
  const name = fc.constantFrom('net', 'net_eth0', 'vmm', 'panic_count', 'rx_count', 'a-b', 'a+b', 'age_seconds', '');
  const object = (value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
    fc
      .array(fc.tuple(name, value), { maxLength: 4 })
      .map((pairs) => `{${pairs.map(([k, v]) => `"${k}":${v}`).join()}}`);
  const line = object(fc.oneof(scalar, object(fc.oneof(scalar, object(scalar)))));
  const anything = fc.array(fc.oneof(line, fc.string(), fc.constantFrom('\n', '{', '"')), { maxLength: 12 });

  it('never throw, give no series twice, and no delta falls', () => {
    fc.assert(
      fc.property(anything, (lines) => {
        const collector = createCollector();
        let before = 0n;
        for (const each of lines) {
          push(collector, each);
          const text = encodeText(collector.families());
          expect(scan(text).faults.described).toEqual([]);
          const after = BigInt(valuesOf(collector).get('net{rx_count}') ?? '0');
          expect(after).toBeGreaterThanOrEqual(before);
          before = after;
        }
      }),
    );
  });

  it('give the same however they are cut', () => {
    fc.assert(
      fc.property(anything, fc.array(fc.nat(400)), (lines, cuts) => {
        const bytes = Buffer.from(lines.join('\n'));
        const whole = createCollector();
        whole.push(bytes);
        const inPieces = createCollector();
        const ends = [...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
        ends.reduce((start, end) => {
          inPieces.push(bytes.subarray(start, end));
          return end;
        }, 0);
        expect(inPieces.families()).toEqual(whole.families());
      }),
    );
  });
});
