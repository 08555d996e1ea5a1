import fc from 'fast-check';
import { Counter, Histogram, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { encodeText } from '../exposition/index.ts';
import { LabelledCounter, LabelledHistogram } from './counters.ts';
import { collectFromPromClient } from './from-prom-client.ts';

const BOUNDS = [1, 2, 4.5, 512];
const labelValue = fc.constantFrom('a', 'b', 'grpc.CheckRequest', 'é"\\');

describe('the counters of a shim', () => {
  it('give what prom-client gives for a counter', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(labelValue, fc.nat(1000))), async (events) => {
        const name = 'kata_shim_agent_refused_samples_total';
        const registry = new Registry();
        const theirs = new Counter({ name, help: name, labelNames: ['reason'], registers: [registry] });
        const ours = new LabelledCounter(name, 'reason');
        for (const [reason, count] of events) {
          theirs.inc({ reason }, count);
          ours.add(reason, count);
        }
        expect(encodeText([ours.collect()]).toString()).toBe(
          encodeText(await collectFromPromClient(registry)).toString(),
        );
      }),
      { numRuns: 50 },
    );
  });

  it('give what prom-client gives for a histogram', async () => {
    const duration = fc.oneof(fc.constantFrom(0, 1, 2, 4.5, 512, 513), fc.double({ min: 0, max: 1e6, noNaN: true }));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(labelValue, duration)), async (events) => {
        const name = 'kata_shim_agent_rpc_durations_histogram_milliseconds';
        const registry = new Registry();
        const theirs = new Histogram({
          name,
          help: name,
          labelNames: ['action'],
          buckets: BOUNDS,
          registers: [registry],
        });
        const ours = new LabelledHistogram(name, 'action', BOUNDS);
        for (const [action, ms] of events) {
          theirs.observe({ action }, ms);
          ours.observe(action, ms);
        }
        expect(encodeText([ours.collect()]).toString()).toBe(
          encodeText(await collectFromPromClient(registry)).toString(),
        );
      }),
      { numRuns: 100 },
    );
  });
});
