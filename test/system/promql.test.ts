/**
 * The cookbook of docs/promql.md: each of its queries has a response from a real Prometheus over a real monitor, real shims
 * and agents, one sandbox that does not respond, and a container manager that knows their pods.
 */
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CriServer } from '../support/cri-server.ts';
import { answerWithLength, type FakeShim, startFakeShim } from '../support/fake-shim.ts';
import { type LiveNode, startLiveNode } from '../support/live-node.ts';
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
const deadId = 'd'.repeat(64);
/** Its guest responds at first, then no more. */
const pausedId = 'e'.repeat(64);
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

  beforeAll(async () => {
    node = await startLiveNode({ ids });
    // A directory without a socket, long after its time to start.
    await mkdir(join(node.root, deadId));
    await mkdir(join(node.root, pausedId));
    pausedShim = await startFakeShim(join(node.root, pausedId, 'shim-monitor.sock'), (_request, attempt) => {
      const ofGuest = attempt > SCRAPES / 2 ? '' : 'kata_guest_load{item="load1"} 1\n';
      return answerWithLength(`kata_hypervisor_threads 1\n${ofGuest}`);
    });
    cri = await CriServer.start(join(node.root, 'cri.sock'), {
      state: {
        pods: ids.map((id, i) => ({
          id,
          metadata: { name: `web-${i}`, namespace: 'shop', uid: `uid-${i}` },
          createdAt: BigInt(Date.now()) * 1_000_000n,
          labels: { app: 'web' },
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
    ]);
    const target = (await monitor.waitForLine(pickUrl)).replace('http://', '');
    const jobs = [
      ['kata', '/metrics'],
      ['kata-containers', '/metrics/cadvisor'],
    ].map(
      ([job, path]) =>
        `  - job_name: ${job}\n    metrics_path: ${path}\n    static_configs: [{ targets: ['${target}'] }]\n`,
    );
    prometheus = await startPrometheus(
      `global:\n  scrape_interval: 2s\n  scrape_timeout: 2s\nscrape_configs:\n${jobs.join('')}`,
    );
    await vi.waitFor(
      async () => {
        for (const series of ['kata_sandbox_labels', 'container_cpu_usage_seconds_total']) {
          const counts = (await prometheus.query(`count_over_time(${series}[1m])`)).map(({ value }) =>
            Number(value[1]),
          );
          expect(counts).toHaveLength(ids.length);
          expect(Math.min(...counts)).toBeGreaterThanOrEqual(SCRAPES);
        }
      },
      { timeout: 60_000, interval: 250 },
    );
  }, 120_000);

  afterAll(async () => {
    await prometheus?.stop();
    await monitor?.stop();
    await cri?.stop();
    await pausedShim?.close();
    await node?.stop();
  });

  it('tells a guest that stopped responding from one that has not responded yet', async () => {
    const idsOf = async (start: string): Promise<(string | undefined)[]> => {
      const { query } = questions.find(({ question }) => question.startsWith(start))!;
      return (await prometheus.query(query)).map(({ metric }) => metric['sandbox_id']);
    };
    expect(await idsOf('Which guests have stopped')).toEqual([pausedId]);
    expect(await idsOf('Which guests have not')).toEqual([deadId]);
  });

  it.each(questions)('$number. $question', async ({ query }) => {
    const response = await prometheus.query(query);
    expect(response.length).toBeGreaterThan(0);
    expect(response.filter(({ value }) => value[1] === 'NaN')).toEqual([]);
  });
});
