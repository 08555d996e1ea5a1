/**
 * The cookbook of docs/promql.md: each of its queries has a response from a real Prometheus over a real monitor, real shims
 * and agents, one of which ends, one sandbox that does not respond, a shim of the tests that sends what only virtual machines
 * have, and a container manager that knows their pods.
 */
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CriServer } from '../support/cri-server.ts';
import { answerWithLength, type FakeShim, startFakeShim } from '../support/fake-shim.ts';
import { type LiveNode, startLiveNode } from '../support/live-node.ts';
import { type OtlpServer, startOtlpServer } from '../support/otlp-server.ts';
import { type Prometheus, startPrometheus } from '../support/prometheus.ts';
import { missingPackages } from '../support/requirements.ts';
import { pickUrl, type RunningProgram, runProgram } from '../support/run-program.ts';

const missing = missingPackages(['prometheus']);
const title = `docs/promql.md${missing.length === 0 ? '' : ` (needs ${missing.join(', ')})`}`;

const text = readFileSync(join(import.meta.dirname, '../../docs/promql.md'), 'utf8');
const questions = [...text.matchAll(/^### (\d+)\. (.+)\n[^#]*?```promql\n([^`]+)```/gm)].map(
  ([, number = '', question = '', query = '']) => ({ number: Number(number), question, query }),
);

const ids = ['a'.repeat(64), 'b'.repeat(64)];
/** Ends when it has been scraped. */
const endingId = 'c'.repeat(64);
const deadId = 'd'.repeat(64);
/** Its guest responds at first, then no more. */
const pausedId = 'e'.repeat(64);
/** What a virtual machine in trouble has, whose counters rise with each scrape. */
const troubledId = 'f'.repeat(64);
const rulesPath = join(import.meta.dirname, '../../deploy/prometheus/kata-monitor.rules.yaml');

/** `startSeconds`: of the shim, since 1970. */
function troubledBody(attempt: number, startSeconds: number): string {
  return [
    `kata_shim_process_start_time_seconds ${startSeconds}`,
    'kata_shim_agent_ready_seconds 2.5',
    `kata_hypervisor_vcpu_wait_seconds_total{cpu="0"} ${attempt / 10}`,
    `kata_shim_sandbox_pressure_memory_waiting_seconds_total ${attempt / 10}`,
    `kata_guest_container_pressure_memory_waiting_seconds_total{container_id="c"} ${attempt / 10}`,
    `kata_guest_container_cpu_cfs_periods_total{container_id="c"} ${attempt * 10}`,
    `kata_guest_container_cpu_cfs_throttled_periods_total{container_id="c"} ${attempt}`,
    `kata_guest_load{item="load1"} 1\n`,
  ].join('\n');
}

const SCRAPES = 4;

it('has its questions in order, each with a query', () => {
  const headings = [...text.matchAll(/^### (\d+)\. /gm)].map(([, number]) => Number(number));
  expect(questions.map(({ number }) => number)).toEqual(headings);
  expect(headings).toEqual(headings.map((_, i) => i + 1));
});

describe.skipIf(missing.length > 0)(title, () => {
  let node: LiveNode;
  let cri: CriServer;
  let monitor: RunningProgram;
  let prometheus: Prometheus;
  let pausedShim: FakeShim;
  let otlp: OtlpServer;
  const servers: FakeShim[] = [];

  beforeAll(async () => {
    node = await startLiveNode({ ids: [...ids, endingId] });
    // Only one monitor of a node collects final values.
    await node.monitor.stop();
    otlp = await startOtlpServer();
    // A directory without a socket, long after its time to start.
    await mkdir(join(node.root, deadId));
    await mkdir(join(node.root, pausedId));
    pausedShim = await startFakeShim(
      join(node.root, pausedId, 'shim-monitor.sock'),
      answerWithLength('kata_hypervisor_threads 1\nkata_guest_load{item="load1"} 1\n'),
    );
    cri = await CriServer.start(join(node.root, 'cri.sock'), {
      state: {
        pods: [...ids, endingId].map((id, i) => ({
          id,
          metadata: { name: `web-${i}`, namespace: 'shop', uid: `uid-${i}` },
          createdAt: BigInt(Date.now()) * 1_000_000n,
          labels: { app: 'web' },
          runtimeHandler: 'kata',
          // Nothing listens there.
          annotations: { 'kata-metrics/guest-exporters': id === ids[0] ? 'app=1' : '' },
        })),
        containers: ids.map((id, i) => ({ id: `c${i}`, podSandboxId: id, metadata: { name: 'nginx' }, state: 1 })),
        stats: ids.map((_, i) => ({
          attributes: { id: `c${i}` },
          cpu: { timestamp: 1n, usageCoreNanoSeconds: { value: 5_000_000_000n } },
        })),
      },
    });
    monitor = runProgram('kata-monitor', [
      '--listen-address=127.0.0.1:0',
      `--sandboxes-root=${node.root}`,
      `--runtime-endpoint=${cri.socketPath}`,
      '--cri-pod-labels=app',
      '--guest-exporter=app',
      `--otlp.endpoint=${otlp.url}`,
      '--otlp.protocol=http/json',
      '--otlp.interval=2s',
    ]);
    const target = (await monitor.waitForLine(pickUrl)).replace('http://', '');
    const jobs = [
      ['kata', '/metrics'],
      ['kata-containers', '/metrics/cadvisor'],
      ['kata-guests', '/metrics/guest'],
    ].map(
      ([job, path]) =>
        `  - job_name: ${job}\n    metrics_path: ${path}\n    static_configs: [{ targets: ['${target}'] }]\n`,
    );
    prometheus = await startPrometheus(
      `global:\n  scrape_interval: 2s\n  scrape_timeout: 2s\n  evaluation_interval: 1s\nrule_files: [${rulesPath}]\nscrape_configs:\n${jobs.join('')}`,
    );
    await vi.waitFor(async () => expect(await prometheus.query(`kata_sandbox_created_seconds`)).toHaveLength(3), {
      timeout: 180_000,
      interval: 250,
    });
    await vi.waitFor(
      async () =>
        expect(await prometheus.query(`kata_sandbox_guest_up{sandbox_id="${pausedId}"} == 1`)).toHaveLength(1),
      { timeout: 180_000, interval: 250 },
    );
    pausedShim.setAnswer(answerWithLength('kata_hypervisor_threads 1\n'));
    await mkdir(join(node.root, troubledId));
    // The monitor counts starts after its own, and none in the future.
    const startSeconds = Math.ceil(Date.now() / 1000);
    const counters = '{"_disk3":{"read_bytes":4096,"read_ops":5,"write_bytes":8192,"write_ops":2}}';
    servers.push(
      await startFakeShim(join(node.root, troubledId, 'ch-api.sock'), answerWithLength(counters)),
      await startFakeShim(join(node.root, troubledId, 'shim-monitor.sock'), (_request, attempt) =>
        answerWithLength(troubledBody(attempt, startSeconds)),
      ),
    );
    await node.shims.get(endingId)!.stop();
    await vi.waitFor(
      async () => {
        for (const series of ['kata_sandbox_labels', 'container_cpu_usage_seconds_total']) {
          const counts = (await prometheus.query(`count_over_time(${series}[1m])`)).map(({ value }) =>
            Number(value[1]),
          );
          expect(counts).toHaveLength(ids.length);
          expect(Math.min(...counts)).toBeGreaterThanOrEqual(SCRAPES);
        }
        for (const series of ['kata_ended_sandboxes_total', `kata_sandbox_up{sandbox_id="${troubledId}"}`]) {
          expect(await prometheus.query(`count_over_time(${series}[1m]) >= ${SCRAPES}`)).not.toEqual([]);
        }
        // The sums over live and ended sandboxes have everything.
        expect(await prometheus.query('kata_monitor_otlp_last_success_timestamp_seconds')).not.toEqual([]);
      },
      { timeout: 180_000, interval: 250 },
    );
  }, 600_000);

  afterAll(async () => {
    await prometheus?.stop();
    await monitor?.stop();
    await cri?.stop();
    await pausedShim?.close();
    await Promise.all(servers.map((server) => server.close()));
    await otlp?.close();
    await node?.stop();
  });

  it('tells a guest that stopped responding from one that has not responded yet', async () => {
    const idsOf = async (start: string): Promise<(string | undefined)[]> => {
      const { query } = questions.find(({ question }) => question.startsWith(start))!;
      return (await prometheus.query(query)).map(({ metric }) => metric['sandbox_id']);
    };
    await expect.poll(() => idsOf('Which guests have stopped')).toEqual([pausedId]);
    await expect.poll(() => idsOf('Which guests have not')).toEqual([deadId]);
  });

  it('counts what a sandbox has used once, and goes on counting it after its end', async () => {
    const numberOf = async (query: string): Promise<number> => Number((await prometheus.query(query))[0]?.value[1]);
    // CPU time of the guest is that of this host in a sandbox without a virtual machine.
    const final = `last_over_time(kata_sandbox_final_host_cpu_seconds{sandbox_id="${endingId}"}[5m])`;
    const last = `last_over_time(kata_sandbox_host_cpu_seconds_total{sandbox_id="${endingId}"}[5m])`;
    expect(await numberOf(`sum(${final}) - max(${last})`)).toBeGreaterThanOrEqual(0);
    const total = 'kata_ended_sandboxes_host_cpu_seconds_total{cri_namespace="shop",runtime_handler="kata"}';
    expect(await numberOf(`sum(${total}) - sum(${final})`)).toBeCloseTo(0, 5);
    for (const [level, matcher] of [
      ['instance_namespace', 'cri_namespace="shop"'],
      ['instance_runtime_handler', 'runtime_handler="kata"'],
    ]) {
      const sum = `${level}:kata_sandbox_host_cpu_seconds:sum{${matcher}}`;
      expect(await numberOf(`sum(${sum} - max_over_time(${sum}[5m]))`)).toBeGreaterThanOrEqual(0);
      const live = `kata_sandbox_host_cpu_seconds_total{sandbox_id=~"${ids.join('|')}"}`;
      expect(await numberOf(`abs(sum(${sum}) - sum(${live}) - sum(${total}))`)).toBeLessThan(5);
    }
  });

  it.each(questions)('$number. $question', async ({ query }) => {
    // On a busy machine a scrape may lack a shim that was slow, and with it the series of this moment.
    await expect.poll(() => prometheus.query(query)).not.toEqual([]);
    const response = await prometheus.query(query);
    expect(response.filter(({ value }) => value[1] === 'NaN')).toEqual([]);
  });
});
