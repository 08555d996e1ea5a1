/**
 * `kata-metrics top --prometheus`: the sandboxes of two nodes from a real Prometheus that scrapes their monitors.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LiveNode, startLiveNode } from '../support/live-node.ts';
import { waitUntilSlowly } from '../support/processes.ts';
import { type Prometheus, startPrometheus } from '../support/prometheus.ts';
import { missingPackages } from '../support/requirements.ts';
import { runProgram } from '../support/run-program.ts';

describe.skipIf(missingPackages(['prometheus']).length > 0)('kata-metrics top of a fleet', () => {
  let nodes: LiveNode[];
  let prometheus: Prometheus;

  beforeAll(async () => {
    nodes = await Promise.all(['web', 'db'].map((id) => startLiveNode({ ids: [id] })));
    const targets = nodes.map(({ url }) => `'${new URL(url).host}'`).join(', ');
    prometheus = await startPrometheus(
      `global: { scrape_interval: 1s }\nscrape_configs:\n  - job_name: kata\n    static_configs: [{ targets: [${targets}] }]\n`,
    );
    await waitUntilSlowly(async () => {
      return (await prometheus.query('rate(kata_sandbox_cpu_usage_seconds_total[2m]) > 0')).length === 2;
    });
  });

  afterAll(async () => {
    await prometheus?.stop();
    await Promise.all(nodes?.map((node) => node.stop()) ?? []);
  });

  const top = async (...args: string[]) =>
    (await runProgram('kata-metrics', ['top', `--prometheus=${prometheus.url}`, ...args]).ended).stdout;

  it('shows the sandboxes of all nodes with rates, and those that do not respond', async () => {
    const lines = (await top('-o', 'csv', '--sort=pod')).trim().split('\n');
    const names = lines[0]!.split(',');
    const rows = lines.slice(1).map((line) => Object.fromEntries(line.split(',').map((cell, i) => [names[i], cell])));
    expect(rows.map((row) => [row['id'], row['where'], row['state']])).toEqual([
      ['db', new URL(nodes[1]!.url).host, 'running'],
      ['web', new URL(nodes[0]!.url).host, 'running'],
    ]);
    const [total] = await prometheus.query('kata_sandbox_memory_total_bytes{sandbox_id="db"}');
    expect(rows[0]!['memoryTotalBytes']).toBe(String(Number(total!.value[1])));
    expect(Number(rows[0]!['cpuCoresUsed'])).toBeGreaterThan(0);
    const { child } = nodes[0]!.shims.get('web')!;
    child.kill('SIGSTOP');
    try {
      await waitUntilSlowly(async () => (await prometheus.query('kata_sandbox_up == 0')).length === 1);
      expect(await top('--unhealthy')).toMatch(/\nweb +unresponsive \(timeout\) /);
    } finally {
      child.kill('SIGCONT');
    }
  });

  it('reports what is no Prometheus', async () => {
    const end = await runProgram('kata-metrics', ['top', `--prometheus=${nodes[0]!.url}`]).ended;
    expect([end.code, end.stderr]).toEqual([
      1,
      `kata-metrics: Cannot read the sandboxes from "${nodes[0]!.url}": this is not the address of a Prometheus: its query API is missing\n`,
    ]);
  });
});
