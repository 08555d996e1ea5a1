import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ExtraLabels, keepNames, type MergePlan, planMerge, scan, writeText } from '../../exposition/index.ts';
import { PacedWork } from '../../program/index.ts';
import type { MetricsResponse } from './metrics-responder.ts';
import { respondPlan } from './response-body.ts';

function makePlan(sources: number, lines: number): MergePlan {
  const body = Array.from({ length: lines }, (_, i) => `a{b="${i}"} ${i % 9}\n`).join('');
  const scanned = scan(Buffer.from(body));
  return planMerge(
    Array.from({ length: sources }, (_, i) => {
      const labels = new ExtraLabels({ sandbox_id: `sandbox-${i}` });
      return { id: String(i), scan: scanned, labels, naming: keepNames };
    }),
  );
}

function respond(
  plan: MergePlan,
  form: 'text' | 'openmetrics' | 'protobuf',
  onClose: () => void = () => undefined,
): MetricsResponse {
  return respondPlan(plan, { form, accept: undefined, encoding: 'gzip', work: new PacedWork(), onClose });
}

async function readAll({ body }: MetricsResponse): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

describe('respondPlan', () => {
  it.each([
    [1, 'zlib'],
    [130, 'the writer itself'],
  ])('compresses the lines of %d sources, by %s', async (sources) => {
    const plan = makePlan(sources, 1000);
    const response = respond(plan, 'text');
    expect(response.headers).toMatchObject({ 'content-encoding': 'gzip' });
    const bytes = await readAll(response);
    expect(gunzipSync(bytes).equals(Buffer.concat([...writeText(plan)]))).toBe(true);
  });

  it('compresses protobuf of many lines', async () => {
    const plan = makePlan(130, 1000);
    const text = gunzipSync(await readAll(respond(plan, 'protobuf'))).toString('latin1');
    expect(text.split('sandbox-129')).toHaveLength(1001);
  });

  it('says that the plan is no longer read when the client has disconnected', async () => {
    const closed = Promise.withResolvers<undefined>();
    const { body } = respond(makePlan(200, 1000), 'openmetrics', () => closed.resolve(undefined));
    const stream = body as NodeJS.ReadableStream & { destroy(): void };
    await once(stream, 'readable');
    stream.destroy();
    await closed.promise;
    await nextTurn();
  });
});
