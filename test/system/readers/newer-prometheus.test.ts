/**
 * A newer Prometheus over a running monitor, with what it negotiates by itself: each protocol, and each way to escape names
 * that are not of the older form. Our names all are, so each way stores the same series. Optional: Debian has no such version.
 */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { answerInChunks } from '../../support/fake-shim.ts';
import { newerPrometheus, skipWithoutNewerPrometheus } from '../../support/newer-prometheus.ts';
import { waitUntil } from '../../support/processes.ts';
import { startPrometheus } from '../../support/prometheus.ts';
import { goodBody } from '../faults/good-body.ts';
import { startTestNode } from './node.ts';

const protocols = ['PrometheusProto', 'OpenMetricsText1.0.0', 'PrometheusText1.0.0', 'PrometheusText0.0.4'];
const schemes = ['allow-utf-8', 'underscores', 'dots', 'values'];

const jobs = [
  ...protocols.map((protocol) => ({ name: protocol, more: `scrape_protocols: [${protocol}]` })),
  ...schemes.map((scheme) => ({ name: scheme, more: `metric_name_escaping_scheme: ${scheme}` })),
];

describe('a newer Prometheus', () => {
  it('stores the same series by every protocol and every escaping', async ({ skip }) => {
    skipWithoutNewerPrometheus(skip);
    expect(execFileSync(newerPrometheus!, ['--version'], { encoding: 'utf8' })).toMatch(/^prometheus, version (?!2\.)/);
    const node = await startTestNode(5000);
    try {
      (await node.addShim('good')).setAnswer(answerInChunks(goodBody));
      const target = new URL(node.url).host;
      const configs = jobs.map(
        ({ name, more }) =>
          `- {job_name: ${name}, scrape_interval: 1s, ${more}, static_configs: [{targets: ['${target}']}]}`,
      );
      const prometheus = await startPrometheus(`scrape_configs:\n${configs.join('\n')}\n`, {
        program: newerPrometheus!,
      });
      try {
        await waitUntil(async () => (await prometheus.query('up == 1')).length === jobs.length);
        const seriesOf = async (job: string): Promise<string[]> =>
          (await prometheus.query(`{job="${job}", sandbox_id="good", __name__!~"kata_sandbox_.*"}`))
            .map(({ metric }) => JSON.stringify(Object.entries({ ...metric, job: '' }).sort()))
            .sort();
        const expected = await seriesOf('PrometheusText0.0.4');
        expect(expected.length).toBeGreaterThan(10);
        for (const { name } of jobs) {
          // OpenMetrics leaves out what it forbids: stored-types.test.ts.
          const found = await seriesOf(name);
          expect.soft(found.length, name).toBeGreaterThan(10);
          if (name !== 'OpenMetricsText1.0.0' && name !== 'PrometheusProto') {
            expect.soft(found, name).toEqual(expected);
          }
        }
      } finally {
        await prometheus.stop();
      }
    } finally {
      await node.stop();
    }
  });
});
