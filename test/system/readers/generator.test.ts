/**
 * Two thousand bodies by chance, through the shim's check and, apart from that, through the monitor: what comes out of
 * either is read by every reader. Each check has to hold by itself, so that one mistake does not pass both. A failure names
 * the seeds; KATA_TEST_SEED begins elsewhere, KATA_TEST_BODIES makes fewer (scripts/mutation-check.ts).
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkBody } from '../../../src/exposition/index.ts';
import { agentPolicy } from '../../../src/shim/agent/agent-policy.ts';
import { answerInChunks, type FakeShim } from '../../support/fake-shim.ts';
import { parseAnswer } from '../../support/reference-exposition.ts';
import { missingPackages } from '../../support/requirements.ts';
import { goodBody } from '../faults/good-body.ts';
import { startTestNode, type TestNode } from './node.ts';
import { makeRandomBody } from './random-body.ts';
import { type Readers, type Response, startReaders } from './readers.ts';

const missing = missingPackages(['prometheus', 'python3-prometheus-client']);
const firstSeed = Number(process.env['KATA_TEST_SEED'] ?? 1);
const DEFAULT_BODIES = 2000;
const BODIES = Number(process.env['KATA_TEST_BODIES'] ?? DEFAULT_BODIES);
/** Fewer bodies do not meet every reason; they are for bugs that were planted. */
const meetsAll = BODIES >= DEFAULT_BODIES;
const BODIES_PER_RESPONSE = 100;
const rounds = BODIES / BODIES_PER_RESPONSE;
const goodIds = ['0-good', 'zz-good'];
const goodBodies = Object.fromEntries(goodIds.map((id) => [id, goodBody]));

/** What has to be met, or the bodies are not odd enough. */
const reasonsMet = [
  'bad_comment',
  'bad_escape',
  'bad_histogram',
  'bad_label_name',
  'bad_metric_name',
  'bad_summary',
  'bad_timestamp',
  'bad_type',
  'bad_value',
  'duplicate_label',
  'duplicate_series',
  'forbidden_family',
  'in_faulty_family',
  'invalid_utf8',
  'reserved_label',
  'unterminated_label_value',
  'utf8_name',
];

const titleOf = (round: number): string => {
  const first = firstSeed + round * BODIES_PER_RESPONSE;
  return `seeds ${first} to ${first + BODIES_PER_RESPONSE - 1}`;
};

describe.skipIf(missing.length > 0)(`Bodies by chance (needs ${missing.join(', ') || 'nothing more'})`, () => {
  let node: TestNode;
  let readers: Readers;

  beforeAll(async () => {
    [node, readers] = await Promise.all([startTestNode(10_000), startReaders()]);
  });

  afterAll(async () => {
    await readers?.stop();
    await node?.stop();
  });

  it(`pass the shim as what every reader takes: ${BODIES}`, { timeout: 600_000 }, async () => {
    const reasons = new Map<string, number>();
    let samples = 0;
    const responses = Array.from({ length: rounds }, (_, round): Response => {
      const texts = Array.from({ length: BODIES_PER_RESPONSE }, (__, i) => {
        const { seed, body } = makeRandomBody(firstSeed + round * BODIES_PER_RESPONSE + i);
        const checked = checkBody(body, agentPolicy);
        samples += checked.sampleCount;
        for (const [reason, count] of checked.refused) {
          reasons.set(reason, (reasons.get(reason) ?? 0) + count);
        }
        return underOwnNames(checked.body.toString(), `s${seed}_`);
      });
      const contentType = 'text/plain; version=0.0.4; charset=utf-8';
      return { name: titleOf(round), form: 'text', contentType, body: Buffer.from(texts.join('')), wanted: new Map() };
    });
    expect(await readers.read(responses)).toEqual([]);
    expect(samples).toBeGreaterThan(BODIES);
    if (meetsAll) {
      expect([...reasons.keys()]).toEqual(expect.arrayContaining([...reasonsMet, 'conflicting_family']));
    }
  });

  it(`pass the monitor as what every reader takes, beside good sandboxes: ${BODIES}`, {
    timeout: 600_000,
  }, async () => {
    for (const id of goodIds) {
      (await node.addShim(id)).setAnswer(answerInChunks(goodBody));
    }
    const shims: FakeShim[] = [];
    for (let i = 0; i < BODIES_PER_RESPONSE; i++) {
      shims.push(await node.addShim(`r${String(i).padStart(2, '0')}`));
    }
    const responses: Response[] = [];
    for (let round = 0; round < rounds; round++) {
      for (const [i, shim] of shims.entries()) {
        shim.setAnswer(answerInChunks(makeRandomBody(firstSeed + round * BODIES_PER_RESPONSE + i).body));
      }
      responses.push(...(await node.scrape(titleOf(round), goodBodies)));
    }
    expect(await readers.read(responses)).toEqual([]);
    const dropped = new Map<string, number>();
    const types = new Map<string, number>();
    for (const { form, body } of responses) {
      if (form !== 'protobuf') {
        const response = parseAnswer(body.toString());
        for (const { name, labels, value } of response.series) {
          const reason = labels.find(([label]) => label === 'reason')?.[1];
          if (name === 'kata_sandbox_dropped_samples' && reason !== undefined) {
            dropped.set(reason, (dropped.get(reason) ?? 0) + value);
          }
        }
        for (const type of response.types.values()) {
          types.set(type, (types.get(type) ?? 0) + 1);
        }
      }
    }
    if (meetsAll) {
      expect([...dropped.keys()]).toEqual(
        expect.arrayContaining([...reasonsMet, 'conflicting_family', 'help_too_long', 'not_in_openmetrics']),
      );
      expect([...types.keys()].sort()).toEqual(['counter', 'gauge', 'histogram', 'summary', 'unknown', 'untyped']);
    }
  });
});

/** The same text with `prefix` before every family's name, so that many can stand in one response. */
function underOwnNames(text: string, prefix: string): string {
  return text.replace(/^(# (?:HELP|TYPE) )?(?=.)/gm, (_, words = '') => `${words}${prefix}`);
}
