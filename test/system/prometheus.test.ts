/**
 * A real Prometheus scrapes a real node for a minute, in text and in OpenMetrics form side by side, and what it stores is
 * held to the bodies that it was given and to /proc.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LiveNode, startLiveNode } from '../support/live-node.ts';
import { listChildren, waitUntil } from '../support/processes.ts';
import { type Prometheus, startPrometheus } from '../support/prometheus.ts';
import { missingPackages } from '../support/requirements.ts';
import { type ScrapeProxy, startScrapeProxy } from '../support/scrape-proxy.ts';

const missing = missingPackages(['prometheus']);

/** And the time that a scrape may take: on a busy machine, more than a second. */
const SCRAPE_INTERVAL_SECONDS = 3;
const RUN_SECONDS = 60;
const scrapes = RUN_SECONDS / SCRAPE_INTERVAL_SECONDS;
const ids = ['c'.repeat(64), 'd'.repeat(64)];
/** Keeps a part of a CPU busy, so that there is a rate to compare. */
const workload = "sh -c 'while :; do i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; sleep 0.1; done'";

const forms = [
  {
    job: 'openmetrics',
    accept: 'application/openmetrics-text;version=1.0.0',
    contentType: 'application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores',
  },
  // What Prometheus requests by itself.
  { job: 'text', accept: undefined, contentType: 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores' },
] as const;

describe.skipIf(missing.length > 0)(
  `Prometheus over a real node (needs ${missing.join(', ') || 'nothing more'})`,
  () => {
    let node: LiveNode;
    let proxies: ScrapeProxy[];
    let prometheus: Prometheus;
    /** CPU seconds of the first sandbox's hypervisor process by its own /proc, at the start and the end of the minute. */
    let cpuSeconds: readonly [number, number];
    /** The length of that minute, and the Unix time of its end. */
    let wallSeconds: number;
    let endSeconds: number;

    beforeAll(
      async () => {
        node = await startLiveNode({ ids, workloadCommand: workload });
        proxies = await Promise.all(forms.map(({ accept }) => startScrapeProxy(node.url, accept)));
        const jobs = forms.map(
          ({ job }, i) => `  - job_name: ${job}\n    static_configs: [{ targets: ['${proxies[i]!.target}'] }]\n`,
        );
        prometheus = await startPrometheus(
          `global:\n  scrape_interval: ${SCRAPE_INTERVAL_SECONDS}s\n  scrape_timeout: ${SCRAPE_INTERVAL_SECONDS}s\nscrape_configs:\n${jobs.join('')}`,
        );
        const pid = await findHypervisorPid(node, ids[0]!);
        const startMs = performance.now();
        const startSeconds = readCpuSeconds(pid);
        // Prometheus sets the pace.
        await Promise.all(proxies.map((proxy) => proxy.waitForScrapes(scrapes)));
        cpuSeconds = [startSeconds, readCpuSeconds(pid)];
        wallSeconds = (performance.now() - startMs) / 1000;
        endSeconds = Date.now() / 1000;
      },
      (RUN_SECONDS + 240) * 1000,
    );

    afterAll(async () => {
      await prometheus?.stop();
      await Promise.all(proxies?.map((proxy) => proxy.close()) ?? []);
      await node?.stop();
    });

    it('finds both targets up, at every scrape, without an error', async () => {
      const targets = await prometheus.listTargets();
      expect(targets.map(({ labels, health, lastError }) => [labels['job'], health, lastError]).sort()).toEqual([
        ['openmetrics', 'up', ''],
        ['text', 'up', ''],
      ]);
      const up = await prometheus.query(`min_over_time(up[${RUN_SECONDS}s])`);
      expect(up.map(({ value }) => value[1])).toEqual(['1', '1']);
      // A shim may be slow for once on a busy machine: that is no other error, and not the rule.
      const ownUp = await prometheus.query(`avg_over_time(kata_sandbox_up[${RUN_SECONDS - 10}s]) > 0.8`);
      expect(ownUp).toHaveLength(ids.length * forms.length);
      const errors = `count_over_time(kata_sandbox_scrape_error{reason!="slow"}[${RUN_SECONDS - 10}s])`;
      expect(await prometheus.query(errors)).toEqual([]);
    });

    it.each(forms.map((form, i) => [form.job, form.contentType, i] as const))(
      'stores as many samples of each %s body as it has lines',
      async (job, contentType, i) => {
        const bodies = [...proxies[i]!.scrapes];
        expect(new Set(bodies.map((body) => body.contentType))).toEqual(new Set([contentType]));
        for (const metric of ['scrape_samples_scraped', 'scrape_samples_post_metric_relabeling']) {
          const [scraped] = await prometheus.query(`${metric}{job="${job}"}[5m]`);
          const counts = scraped!.values.map(([, count]) => Number(count));
          const lines = bodies.slice(0, counts.length).map(({ body }) => countSamples(body));
          expect(counts.length).toBeGreaterThanOrEqual(scrapes - 1);
          expect(counts).toEqual(lines);
        }
      },
    );

    it("passes promtool's parser: what it says is about style alone", () => {
      const text = proxies[1]!.scrapes.at(-1)!.body;
      const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
      // 3 is for lint, which the promised names cannot please; 1 would be an error of syntax.
      expect([0, 3]).toContain(status);
      expect(stdout + stderr).not.toMatch(/error/i);
    });

    it('has the same names in both forms', async () => {
      // Errors may be of one of them only: see above.
      const matcher = '__name__!="kata_sandbox_scrape_error"';
      const [openMetrics, text] = await Promise.all(
        forms.map(({ job }) => prometheus.listNames(`{job="${job}",${matcher}}`)),
      );
      expect(openMetrics).toEqual(text);
      expect(openMetrics).toEqual(
        expect.arrayContaining(['kata_monitor_scrape_count', 'kata_shim_process_cpu_seconds_total']),
      );
    });

    it.each(forms.map(({ job }) => job))('gives rates of CPU that match /proc, in %s form', async (job) => {
      const used = (cpuSeconds[1] - cpuSeconds[0]) / wallSeconds;
      expect(used).toBeGreaterThan(0.05);
      const stored = await prometheus.query(
        `sum(rate(kata_hypervisor_proc_stat{job="${job}",sandbox_id="${ids[0]}",item=~"utime|stime"}[${Math.round(wallSeconds)}s])) / 100`,
        endSeconds,
      );
      const rate = Number(stored[0]!.value[1]);
      // Both look at the same minute, but for one scrape interval at each end.
      expect(Math.abs(rate - used) / used).toBeLessThan(0.15);
    });

    it('gives a rate for the counter of the monitor itself', async () => {
      const rates = await prometheus.query(`rate(kata_monitor_process_cpu_seconds_total[${RUN_SECONDS - 10}s])`);
      expect(rates).toHaveLength(forms.length);
      for (const { value } of rates) {
        expect(Number(value[1])).toBeGreaterThan(0);
      }
    });
  },
);

/** Finds the child of the shim that runs the workload, by its command: the agent and what guards the sandbox are children too. */
async function findHypervisorPid(node: LiveNode, id: string): Promise<number> {
  const shimPid = node.shims.get(id)!.child.pid!;
  const find = (): number | undefined =>
    listChildren(shimPid).find(({ pid }) => /^sh\0-c\0while /.test(readCommand(pid)))?.pid;
  await waitUntil(() => find() !== undefined);
  return find()!;
}

function readCommand(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // It has ended since it was listed.
    return '';
  }
}

function readCpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function countSamples(body: string): number {
  return body.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
}
