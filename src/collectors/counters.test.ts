import fc from 'fast-check';
import { Counter, Histogram, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { LabelledCounter, LabelledHistogram, PlainCounter, PlainHistogram } from './counters.ts';
import type { CatalogFamily } from './family.ts';

const BOUNDS = [1, 2, 4.5, 512];
const labelValue = fc.constantFrom('a', 'b', 'grpc.CheckRequest', 'é"\\');

/** What prom-client has, in the form of `samplesOf`. */
async function samplesOfTheirs(registry: Registry): Promise<unknown[]> {
  const metrics = await registry.getMetricsAsJSON();
  return metrics.flatMap(({ name, values }) =>
    values.map((value) => [
      'metricName' in value && value.metricName ? value.metricName : name,
      Object.fromEntries(Object.entries(value.labels).map(([label, text]) => [label, String(text)])),
      value.value,
    ]),
  );
}

function samplesOf({ name, samples }: CatalogFamily): unknown[] {
  return samples.map(({ suffix = '', labels, value }) => [`${name}${suffix}`, labels, value]);
}

describe('own counters', () => {
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
        expect(samplesOf(ours.collect())).toEqual(await samplesOfTheirs(registry));
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
        expect(samplesOf(ours.collect())).toEqual(await samplesOfTheirs(registry));
      }),
      { numRuns: 100 },
    );
  });

  it('give what prom-client gives without labels', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(1000)), async (events) => {
        const registry = new Registry();
        const counted = 'kata_monitor_scrape_count';
        const observed = 'kata_monitor_scrape_durations_histogram_milliseconds';
        const theirCounter = new Counter({ name: counted, help: counted, registers: [registry] });
        const theirHistogram = new Histogram({
          name: observed,
          help: observed,
          buckets: BOUNDS,
          registers: [registry],
        });
        const counter = new PlainCounter(counted);
        const histogram = new PlainHistogram(observed, BOUNDS);
        for (const count of events) {
          theirCounter.inc(count);
          counter.add(count);
          theirHistogram.observe(count);
          histogram.observe(count);
        }
        const ours = [counter.collect(), histogram.collect()].flatMap(samplesOf);
        expect(ours).toEqual(await samplesOfTheirs(registry));
      }),
      { numRuns: 50 },
    );
  });
});
