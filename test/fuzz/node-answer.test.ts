/**
 * Bodies made from a good one by chance, one beside two good sandboxes at each turn: whatever it is, the node's response can
 * be read by a strict reader in both text forms, and holds the good sandboxes whole. Runs for a time, not for a number of
 * turns; a failure prints the seed and the mutations.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ExtraLabels,
  KnownForms,
  planMerge,
  runToEnd,
  scan,
  writeOpenMetrics,
  writeProtobuf,
  writeText,
} from '../../src/exposition/index.ts';
import { helpInCatalog, nameSandboxFamilies, sandboxRules, typeInCatalog } from '../../src/sandbox-policy/rules.ts';
import {
  parseAnswer,
  type ReferenceSeries,
  seriesInOpenMetrics,
  toSeriesMap,
} from '../support/reference-exposition.ts';

const budgetMs = process.env['CI'] === undefined ? 10_000 : 60_000;
const fixture = readFileSync(join(import.meta.dirname, '../fixtures/bodies/go-shim.metrics.txt'), 'utf8');
const families = fixture.split(/^(?=# HELP )/m);
/** A part of the fixture with every type in it: the reference reader takes most of the time. */
const goodBody = families.filter((text, i) => i % 7 === 0 || / (?:histogram|summary)$/m.test(text)).join('');
const goodLines = goodBody.split('\n');

type Mutate = (lines: string[]) => string[];

const pieces = [
  '{',
  '}',
  '"',
  '\\',
  ',',
  '=',
  '#',
  ' ',
  '\0',
  '\r',
  'NaN',
  '+Inf',
  '-1',
  '1e999',
  '_bucket',
  '_count',
  'é',
  '\ufeff',
];
const foreignLines = [
  '# TYPE kata_guest_load histogram',
  '# TYPE kata_agent_io_stat summary',
  '# HELP kata_guest_load \\n',
  'kata_monitor_running_shim_count 7',
  'kata_sandbox_up{sandbox_id="good-a"} 0',
  'kata_agent_io_stat{sandbox_id="good-a"} 0',
  'go_goroutines 1',
  'kata_shim_go_goroutines 2',
  'kata_shim_rpc_durations_histogram_milliseconds_count 5',
  '# TYPE kata_shim_rpc_durations_histogram_milliseconds_bucket gauge',
  '# EOF',
  '',
];

const at = fc.nat({ max: goodLines.length - 1 });
const mutation: fc.Arbitrary<Mutate> = fc.oneof(
  fc.tuple(at, at).map(
    ([from, to]): Mutate =>
      (lines) =>
        lines.toSpliced(to, 0, lines[from % lines.length] ?? ''),
  ),
  fc.tuple(at, fc.nat(40)).map(
    ([from, count]): Mutate =>
      (lines) =>
        lines.toSpliced(from, count),
  ),
  fc.tuple(at, fc.constantFrom(...foreignLines)).map(
    ([to, line]): Mutate =>
      (lines) =>
        lines.toSpliced(to, 0, line),
  ),
  fc.tuple(at, fc.nat(80), fc.nat(3), fc.constantFrom(...pieces)).map(
    ([index, column, cut, piece]): Mutate =>
      (lines) => {
        const line = lines[index] ?? '';
        return lines.with(index % lines.length, line.slice(0, column) + piece + line.slice(column + cut));
      },
  ),
  fc.tuple(at, fc.double().map(String)).map(
    ([index, value]): Mutate =>
      (lines) => {
        const line = lines[index % lines.length] ?? '';
        return lines.with(
          index % lines.length,
          line.replace(/ \S+$/, () => ` ${value}`),
        );
      },
  ),
);

/** Some turns spoil single bytes too, so that text is no UTF-8 any more, or stop half way. */
const spoiledBody = fc
  .tuple(
    fc.array(mutation, { minLength: 1, maxLength: 6 }),
    fc.array(fc.tuple(fc.nat(100_000), fc.nat(255)), { maxLength: 2 }),
    fc.option(fc.nat(100_000), { freq: 4 }),
  )
  .map(([mutations, bytes, end]) => {
    let lines: string[] = goodLines;
    for (const mutate of mutations) {
      lines = mutate(lines.length === 0 ? [''] : lines);
    }
    const body = Buffer.from(lines.join('\n'));
    for (const [offset, byte] of bytes) {
      body[offset % Math.max(1, body.length)] = byte;
    }
    return end === null ? body : body.subarray(0, end % (body.length + 1));
  });

function seriesOf(series: readonly ReferenceSeries[], id: string): Map<string, number> {
  return toSeriesMap(
    series.filter(({ labels }) => labels.some(([name, value]) => name === 'sandbox_id' && value === id)),
  );
}

// biome-ignore lint/correctness/useYield: nothing is worked out
function* deriveNothing(): Generator<void, undefined> {
  return undefined;
}

describe('The response of a node with a mutated body', () => {
  it('can always be read, and has the good sandboxes whole', { timeout: budgetMs + 20_000 }, () => {
    const knownForms = new KnownForms({ rules: sandboxRules, derive: deriveNothing });
    const naming = nameSandboxFamilies();
    const good = Buffer.from(goodBody);
    const plan = (bodies: Readonly<Record<string, Buffer>>) =>
      planMerge(
        Object.entries(bodies).map(([id, body]) => ({
          id,
          scan:
            id === 'partial'
              ? scan(body, { rules: sandboxRules, isPartial: true })
              : runToEnd(knownForms.scan(id, body)).scan,
          labels: new ExtraLabels({ sandbox_id: id }),
          naming,
        })),
        { typeOf: typeInCatalog, helpOf: helpInCatalog },
      );
    const alone = parseAnswer(Buffer.concat([...writeText(plan({ a: good, z: good }))]).toString()).series;
    const goodOf = (series: readonly ReferenceSeries[]) => ({ a: seriesOf(series, 'a'), z: seriesOf(series, 'z') });
    const wantedOf = new Map([
      [writeText, goodOf(alone)],
      [writeOpenMetrics, goodOf(seriesInOpenMetrics(alone))],
    ]);
    let turns = 0;
    fc.assert(
      fc.property(spoiledBody, (bad) => {
        turns++;
        const merged = plan({ a: good, bad, partial: bad, z: good });
        for (const [write, wanted] of wantedOf) {
          const { series } = parseAnswer(Buffer.concat([...write(merged)]).toString());
          expect(goodOf(series)).toEqual(wanted);
        }
        expect(Buffer.concat([...writeProtobuf(merged)]).length).toBeGreaterThan(0);
      }),
      { numRuns: 1_000_000, interruptAfterTimeLimit: budgetMs, markInterruptAsFailure: false },
    );
    expect(turns).toBeGreaterThan(50);
  });
});
