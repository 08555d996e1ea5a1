/**
 * Both encodings of arbitrary bodies have the same content, and no sample is lost without being counted.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readOtlpProtobuf } from '../../test/support/read-otlp-protobuf.ts';
import {
  ExtraLabels,
  escapeLabelValue,
  keepNames,
  type MergePlan,
  noLabels,
  planMerge,
  scan,
} from '../exposition/index.ts';
import { BatchWriter } from './batches.ts';
import { JsonEncoder } from './json-encoder.ts';
import { packBatch } from './packed-batch.ts';
import { ProtobufEncoder } from './protobuf-encoder.ts';
import type { RequestEncoder } from './request-encoder.ts';

const name = fc.constantFrom('kata_guest_load', 'kata_sandbox_network_receive_bytes_total', 'a', 'a_total', 'é');
const text = fc.string({ unit: 'grapheme', maxLength: 200 });
const value = fc.oneof(
  fc.double().map(String),
  fc.constantFrom(
    'NaN',
    '+Inf',
    '-Inf',
    '0',
    '-0',
    '18446744073709551615',
    '1e300',
    '1 1700000000123',
    '1 -5',
    '1 9223372036854775807',
  ),
);
const label = fc.tuple(fc.constantFrom('b', 'item', 'interface', '__proto__', 'le', 'quantile'), text);
const sample = fc.tuple(fc.uniqueArray(label, { selector: ([key]) => key, maxLength: 4 }), value).map(
  ([labels, digits]) =>
    (suffix: string) =>
      `${suffix}{${labels.map(([key, each]) => `${key}="${escapeLabelValue(each)}"`).join(',')}} ${digits}\n`,
);
const distribution = fc.constantFrom(
  '_bucket{le="1"} 1\n|_bucket{le="+Inf"} 2\n|_sum 3\n|_count 2\n',
  '_bucket{le="+Inf"} 1\n|_count 1\n',
  '_bucket{a="1",le="1"} 9\n|_bucket{a="1",le="+Inf"} 9\n|_sum{a="1"} NaN\n|_count{a="1"} 9\n',
);
const family = fc.oneof(
  fc
    .tuple(name, fc.constantFrom('gauge', 'counter', 'untyped'), fc.array(sample, { maxLength: 5 }))
    .map(
      ([each, type, samples]) => `# TYPE ${each} ${type}\n${samples.map((write) => `${each}${write('')}`).join('')}`,
    ),
  distribution.map(
    (lines) =>
      `# TYPE h histogram\n${lines
        .split('|')
        .map((line) => `h${line}`)
        .join('')}`,
  ),
  fc.constant('# TYPE s summary\ns{quantile="0.5"} 1\ns{quantile="1"} NaN\ns_sum 3\ns_count 2\n'),
);
const bodies = fc.array(fc.tuple(fc.constantFrom('', 'one', 'two'), fc.array(family, { maxLength: 4 })), {
  maxLength: 4,
});

interface Pushed {
  readonly request: unknown;
  readonly points: number;
  readonly dropped: number;
}

async function push(encoder: RequestEncoder, read: (body: Buffer) => unknown, plan: MergePlan): Promise<Pushed> {
  let points = 0;
  let dropped = 0;
  const requests: unknown[] = [];
  const batches = new BatchWriter(encoder).write(plan, {
    version: '1',
    common: {},
    timesOf: () => ({ startSeconds: 1.5, endSeconds: 2.25 }),
    onDropped: (count) => {
      dropped += count;
    },
  });
  for (const batch of batches) {
    if (batch !== undefined) {
      points += batch.points;
      requests.push(read((await packBatch(batch, { encoder, compression: 'none' })).body));
    }
  }
  return { request: requests, points, dropped };
}

/** Without what protobuf omits. */
function normalize(item: unknown): unknown {
  if (Array.isArray(item)) {
    return item.map(normalize);
  }
  if (typeof item === 'object' && item !== null) {
    const entries = Object.entries(item).filter(
      ([, each]) => each !== false && !(Array.isArray(each) && each.length === 0),
    );
    return Object.fromEntries(entries.map(([key, each]) => [key, normalize(each)]));
  }
  return Object.is(item, -0) ? 0 : item;
}

/** Nanoseconds of 64 bits. */
const time = /"(?:startTimeUnixNano|timeUnixNano)":"(?!\d{1,19}")/;

it('is the same in both encodings', async () => {
  await fc.assert(
    fc.asyncProperty(bodies, async (all) => {
      const sources = all.map(([id, families]) => ({
        id,
        scan: scan(Buffer.from(families.join(''))),
        labels: id === '' ? noLabels : new ExtraLabels({ sandbox_id: id }),
        naming: keepNames,
      }));
      const plan = planMerge(sources);
      const json = await push(new JsonEncoder(), (body) => JSON.parse(body.toString()), plan);
      const protobuf = await push(new ProtobufEncoder(), readOtlpProtobuf, plan);
      expect(normalize(protobuf)).toEqual(normalize(json));
      expect(JSON.stringify(json)).not.toMatch(time);
      const plain = plan.families.filter(({ type }) => type !== 'histogram' && type !== 'summary');
      const samples = plain.flatMap(({ parts }) =>
        parts.flatMap(({ family: { segments }, sources: { length } }) =>
          segments.map(({ from, to }) => (to - from) * length),
        ),
      );
      if (plain.length === plan.families.length) {
        expect(json.points + json.dropped).toBe(samples.reduce((sum, each) => sum + each, 0));
      }
    }),
    { numRuns: 300 },
  );
});
