/**
 * Bodies by chance as the metrics of exporters in guests, from shims that check nothing: every reader takes /metrics/guest in every
 * form, and stores all of the good exporters.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerInChunks, type FakeShim } from '../../support/fake-shim.ts';
import { parseAnswer } from '../../support/reference-exposition.ts';
import { missingPackages } from '../../support/requirements.ts';
import { startTestNode, type TestNode } from './node.ts';
import { makeRandomBody } from './random-body.ts';
import { type Readers, type Response, startReaders } from './readers.ts';

const missing = missingPackages(['prometheus', 'python3-prometheus-client']);
const ROUNDS = 5;
const BODIES_PER_RESPONSE = 100;
const goodIds = ['0-good', 'zz-good'];

const goodBody = `# HELP app_requests_total Requests.
# TYPE app_requests_total counter
app_requests_total{code="200",path="/a\\\\b\\n\\"c\\""} 7
app_requests_total{code="500"} 1e+20
# TYPE app_seconds histogram
app_seconds_bucket{le="0.1"} 1
app_seconds_bucket{le="+Inf"} 2
app_seconds_sum 3.5
app_seconds_count 2
# TYPE app_temperature gauge
app_temperature -40.25
`;
/** As it is stored. */
const stored = goodBody.replace(/^(\w+)(?:\{(.*)\})? (?=\S+$)/gm, (_, name, labels) =>
  labels === undefined ? `${name}{exporter="app"} ` : `${name}{${labels},exporter="app"} `,
);

/** The monitor drops the families of this project, so these have other names. */
const makeExporterBody = (seed: number): Buffer =>
  Buffer.from(makeRandomBody(seed).body.toString('latin1').replaceAll('kata_', 'app_'), 'latin1');

describe.skipIf(missing.length > 0)(`Exporters by chance (needs ${missing.join(', ') || 'nothing more'})`, () => {
  let node: TestNode;
  let readers: Readers;

  beforeAll(async () => {
    const options = { path: '/metrics/guest', args: ['--guest-exporter=app=9100'] };
    [node, readers] = await Promise.all([startTestNode(10_000, options), startReaders()]);
  });

  afterAll(async () => {
    await readers?.stop();
    await node?.stop();
  });

  it('are what every reader takes, beside good ones', { timeout: 600_000 }, async () => {
    for (const id of goodIds) {
      (await node.addShim(id)).setAnswer(answerInChunks(goodBody));
    }
    const shims: FakeShim[] = [];
    for (let i = 0; i < BODIES_PER_RESPONSE; i++) {
      shims.push(await node.addShim(`r${String(i).padStart(2, '0')}`));
    }
    const wanted = Object.fromEntries(goodIds.map((id) => [id, stored]));
    const responses: Response[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, shim] of shims.entries()) {
        shim.setAnswer(answerInChunks(makeExporterBody(round * BODIES_PER_RESPONSE + i)));
      }
      responses.push(...(await node.scrape(`round ${round}`, wanted)));
    }
    expect(await readers.read(responses)).toEqual([]);
    const texts = responses.filter(({ form }) => form === 'text').map(({ body }) => parseAnswer(body.toString()));
    const series = texts.flatMap((text) => text.series);
    const reasons = series.flatMap(({ name, labels }) =>
      name === 'kata_sandbox_exporter_dropped_samples' ? labels.filter(([label]) => label === 'reason') : [],
    );
    expect(series.filter(({ name }) => name.startsWith('app_')).length).toBeGreaterThan(ROUNDS * BODIES_PER_RESPONSE);
    expect([...new Set(reasons.map(([, reason]) => reason))]).toEqual(
      expect.arrayContaining(['bad_value', 'bad_type', 'conflicting_family', 'duplicate_series', 'reserved_label']),
    );
  });
});
