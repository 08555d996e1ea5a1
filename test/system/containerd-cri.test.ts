/**
 * The monitor beside a real containerd: pods made over CRI, a kata-shim attached to two of them under CRI's sandbox ids, and
 * one pod of another runtime. What CRI knows is on every sample, outlives containerd, and is never more than labels.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Containerd } from '../support/containerd.ts';
import { CriPods, type PodSpec } from '../support/cri-pods.ts';
import { type Prometheus, startPrometheus } from '../support/prometheus.ts';
import { parseAnswer, type ReferenceSeries } from '../support/reference-exposition.ts';
import { missingPackages } from '../support/requirements.ts';
import { pickUrl, type RunningProgram, runProgram } from '../support/run-program.ts';

const missing = missingPackages(['containerd', 'runc', 'busybox-static', 'prometheus']);
if (process.getuid?.() !== 0) {
  missing.push('root');
}
const title = `the monitor beside containerd${missing.length === 0 ? '' : ` (needs ${missing.join(', ')})`}`;

const web: PodSpec = { name: 'web-0', namespace: 'shop', uid: '11-22', labels: { app: 'web', 'k8s.io/team': 'a "b"' } };
const database: PodSpec = { name: 'db-0', namespace: 'data', uid: '33-44', labels: { app: 'db' } };
const other: PodSpec = { name: 'other-0', namespace: 'shop', uid: '55-66' };
const late: PodSpec = { name: 'late-0', namespace: 'shop', uid: '77-88' };
const busy = [
  '/bin/busybox',
  'sh',
  '-c',
  'while :; do i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; sleep 0.1; done',
];
const idle = ['/bin/busybox', 'sleep', '100000'];
/** What the issue gives the monitor from the moment that a sandbox is there. */
const LABEL_TIMEOUT_MS = 2000;
const MAX_SLOW_SCRAPES = 3;
/** Of a start or of a condition on a machine with other work. */
const START_MS = 300_000;
const CONDITION = { timeout: 60_000, interval: 200 } as const;

describe.skipIf(missing.length > 0)(title, () => {
  let root: string;
  let containerd: Containerd;
  let pods: CriPods;
  let monitor: RunningProgram;
  let url: string;
  /** By sandbox id; each with its agent. */
  const shims = new Map<string, readonly RunningProgram[]>();
  let latePid = 0;
  const ids = { web: '', database: '', other: '', late: '' };
  /** Unix times in seconds before and after it was made. */
  let webMade: readonly [from: number, to: number] = [0, 0];
  const containers = { web: '', main: '', side: '' };

  /** What stands for the hypervisor: the process that holds the pod. */
  async function attachShim(id: string, hypervisorPid: number): Promise<void> {
    const agentPath = join(root, `${id.slice(0, 8)}.sock`);
    const agent = runProgram('kata-agent', [`--listen=unix://${agentPath}`]);
    await agent.waitForLine((line) => (line.includes('Listening on') ? true : undefined));
    const shim = runProgram('kata-shim', [
      'attach',
      `--sandbox-id=${id}`,
      `--root=${root}/s`,
      `--agent=unix://${agentPath}`,
      `--hypervisor-pid=${hypervisorPid}`,
    ]);
    shims.set(id, [shim, agent]);
    await shim.waitForLine((line) => (line.includes('Serving on') ? true : undefined));
  }

  async function stopShim(id: string): Promise<void> {
    await Promise.all(shims.get(id)?.map((program) => program.stop()) ?? []);
    shims.delete(id);
  }

  async function scrape(path = '/metrics'): Promise<string> {
    return (await fetch(`${url}${path}`)).text();
  }

  function ofSandbox(response: string, id: string): ReferenceSeries[] {
    return parseAnswer(response).series.filter(({ labels }) =>
      labels.some(([name, value]) => name === 'sandbox_id' && value === id),
    );
  }

  /** The different labels of CRI that samples of a sandbox have. */
  function criLabelsOf(response: string, id: string): string[] {
    const texts = ofSandbox(response, id).map(({ labels }) =>
      labels
        .filter(([name]) => name.startsWith('cri_'))
        .map(([name, value]) => `${name}=${value}`)
        .sort()
        .join(),
    );
    return [...new Set(texts)];
  }

  const expectedLabels = ({ uid, name, namespace }: PodSpec): string[] => [
    `cri_name=${name},cri_namespace=${namespace},cri_uid=${uid}`,
  ];
  const noLabels = ['cri_name=,cri_namespace=,cri_uid='];

  function sampleValue(response: string, name: string): number | undefined {
    return parseAnswer(response).series.find((series) => series.name === name)?.value;
  }

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'kc-'));
    containerd = await Containerd.start({ hasCri: true });
    pods = new CriPods(containerd.socketPath);
    const fromSeconds = Date.now() / 1000;
    ids.web = await pods.runPod(web);
    webMade = [fromSeconds, Date.now() / 1000];
    ids.database = await pods.runPod(database);
    ids.other = await pods.runPod(other);
    ids.late = await pods.runPod(late);
    latePid = await containerd.readTaskPid(ids.late);
    containers.web = await pods.runContainer(ids.web, 'main', busy);
    containers.main = await pods.runContainer(ids.database, 'main', idle);
    containers.side = await pods.runContainer(ids.database, 'side', idle);
    await pods.runContainer(ids.other, 'main', idle);
    monitor = runProgram('kata-monitor', [
      '--listen-address=127.0.0.1:0',
      `--sandboxes-root=${root}/s`,
      `--runtime-endpoint=unix://${containerd.socketPath}`,
      '--cri-pod-labels=app,k8s.io/team',
    ]);
    url = await monitor.waitForLine(pickUrl);
  }, START_MS);

  afterAll(async () => {
    try {
      await Promise.all([...shims.keys()].map(stopShim));
      await monitor?.stop();
      await pods?.close();
    } finally {
      await containerd?.stop();
    }
    await rm(root, { recursive: true, maxRetries: 10 });
  }, START_MS);

  it('says which container manager there is', async () => {
    await vi.waitFor(async () => expect(sampleValue(await scrape(), 'kata_monitor_cri_up')).toBe(1), CONDITION);
    expect(await scrape()).toMatch(
      /^kata_monitor_cri_info\{runtime_name="containerd",runtime_version="[^"]+",api_version="v1"\} 1$/m,
    );
  });

  it(
    'has uid, name and namespace on every sample of a sandbox within 2 s',
    async () => {
      for (const [id, pod] of [
        [ids.web, web],
        [ids.database, database],
      ] as const) {
        const attached = attachShim(id, await containerd.readTaskPid(id));
        await vi.waitFor(() => expect(existsSync(join(root, 's', id))).toBe(true), { timeout: 60_000, interval: 20 });
        const appearedMs = performance.now();
        let scrapes = 0;
        await vi.waitFor(
          async () => {
            scrapes += 1;
            expect(criLabelsOf(await scrape(), id)).toEqual(expectedLabels(pod));
          },
          { timeout: 60_000, interval: 20 },
        );
        const tookMs = performance.now() - appearedMs;
        // On a machine so busy that a few scrapes take longer, the first of them makes the monitor ask for the labels.
        const isInTime = tookMs < LABEL_TIMEOUT_MS || scrapes <= MAX_SLOW_SCRAPES;
        expect(isInTime, `labels after ${tookMs} ms and ${scrapes} scrapes`).toBe(true);
        await attached;
        // An agent on a busy machine may miss a scrape.
        await vi.waitFor(async () => {
          const response = await scrape();
          expect(criLabelsOf(response, id)).toEqual(expectedLabels(pod));
          expect(ofSandbox(response, id).length).toBeGreaterThan(500);
        }, CONDITION);
      }
    },
    START_MS,
  );

  it('has its labels in one order', async () => {
    const lines = (await scrape()).split('\n').filter((line) => line.includes(`sandbox_id="${ids.web}"`));
    const labels = `sandbox_id="${ids.web}",cri_uid="11-22",cri_name="web-0",cri_namespace="shop"`;
    expect(lines.filter((line) => !line.includes(labels))).toEqual([]);
  });

  it('has the labels of pods that were requested, and when the pod was made', async () => {
    const response = await scrape();
    const common = `sandbox_id="${ids.web}",cri_uid="11-22",cri_name="web-0",cri_namespace="shop"`;
    expect(response).toContain(`kata_sandbox_labels{${common},label_app="web",label_k8s_io_team="a \\"b\\""} 1\n`);
    const [, created] = new RegExp(`^kata_sandbox_created_seconds\\{${common}\\} (\\S+)$`, 'm').exec(response) ?? [];
    expect(Number(created)).toBeGreaterThanOrEqual(Math.floor(webMade[0]));
    expect(Number(created)).toBeLessThanOrEqual(webMade[1]);
  });

  it('never has pods of other runtimes', async () => {
    // The guest is the machine itself here, so its mounts may show any path: only what names a sandbox or a pod counts.
    const named = new Set(['sandbox_id', 'cri_name', 'cri_uid', 'pod', 'id', 'name']);
    for (const path of ['/metrics', '/metrics/cadvisor']) {
      const labels = parseAnswer(await scrape(path)).series.flatMap((series) => series.labels);
      const values = new Set(labels.filter(([name]) => named.has(name)).map(([, value]) => value));
      expect([ids.other, other.name, other.uid].filter((value) => values.has(value))).toEqual([]);
      expect(values).toContain(database.name);
    }
    expect(await scrape('/sandboxes')).not.toContain(ids.other);
  });

  // The test failed once with "expected 290816 to be greater than or equal to 520192": memory had fallen below what
  // containerd read just before and just after. Pages that the kernel charges in advance to each CPU, 64 of them, come and go
  // by themselves, so that two reads are no limits for one between them.
  it(
    'agrees with containerd about its containers: CPU between two reads, memory as soon as it rests',
    async () => {
      for (const [id, pod, name] of [
        [containers.web, web, 'main'],
        [containers.main, database, 'main'],
        [containers.side, database, 'side'],
      ] as const) {
        const read = async () => {
          const before = await readTaskMetrics(containerd, id);
          const { series } = parseAnswer(await scrape('/metrics/cadvisor'));
          const after = await readTaskMetrics(containerd, id);
          const own = series.filter(({ labels }) => labels.some(([label, value]) => label === 'id' && value === id));
          const value = (family: string): number => own.find((each) => each.name === family)?.value ?? Number.NaN;
          return { before, after, value, labels: Object.fromEntries(own[0]?.labels ?? []) };
        };
        const fromSeconds = Math.floor(Date.now() / 1000);
        const { before, after, value, labels } = await read();
        expect(labels).toMatchObject({ namespace: pod.namespace, pod: pod.name, container: name, name: id });
        // A counter: it never falls.
        expect(value('container_cpu_usage_seconds_total')).toBeGreaterThanOrEqual(before.cpuSeconds);
        expect(value('container_cpu_usage_seconds_total')).toBeLessThanOrEqual(after.cpuSeconds);
        expect(value('container_memory_working_set_bytes')).toBeGreaterThan(0);
        expect(value('container_last_seen')).toBeGreaterThanOrEqual(fromSeconds);
        expect(value('container_last_seen')).toBeLessThanOrEqual(Date.now() / 1000);
        await vi.waitFor(
          async () => {
            const now = await read();
            const ours = now.value('container_memory_usage_bytes');
            expect([now.before.memoryBytes, ours]).toEqual([now.after.memoryBytes, now.after.memoryBytes]);
          },
          { timeout: 60_000, interval: 50 },
        );
      }
    },
    START_MS,
  );

  it('has the network of each pod from its guest', async () => {
    // An agent on a busy machine may miss a scrape.
    await vi.waitFor(async () => {
      const { series } = parseAnswer(await scrape('/metrics/cadvisor'));
      const received = series.filter(({ name }) => name === 'container_network_receive_bytes_total');
      const podsOf = received
        .map(({ labels }) => new Map(labels))
        .filter((labels) => labels.get('container') === 'POD');
      expect(new Set(podsOf.map((labels) => labels.get('pod')))).toEqual(new Set(['db-0', 'web-0']));
    }, CONDITION);
  });

  it(
    'is scraped by Prometheus at both addresses without an error',
    async () => {
      const target = url.replace('http://', '');
      const jobs = ['/metrics', '/metrics/cadvisor'].map(
        (path, i) =>
          `  - job_name: j${i}\n    metrics_path: ${path}\n    static_configs: [{ targets: ['${target}'] }]\n`,
      );
      const prometheus: Prometheus = await startPrometheus(
        `global:\n  scrape_interval: 5s\n  scrape_timeout: 5s\nscrape_configs:\n${jobs.join('')}`,
      );
      try {
        await vi.waitFor(async () => {
          expect((await prometheus.listTargets()).map(({ health, lastError }) => [health, lastError])).toEqual([
            ['up', ''],
            ['up', ''],
          ]);
          const ofPod = 'kata_sandbox_memory_working_set_bytes{cri_namespace="data",cri_name="db-0"}';
          expect(await prometheus.query(ofPod)).toHaveLength(1);
          const ofContainers = 'container_memory_working_set_bytes{namespace="data",pod="db-0"}';
          expect(await prometheus.query(ofContainers)).toHaveLength(2);
        }, CONDITION);
      } finally {
        await prometheus.stop();
      }
    },
    START_MS,
  );

  it('keeps the labels while containerd is away, and is neither late nor poorer by anything else', async () => {
    const startMs = performance.now();
    const familiesBefore = familiesOf(await scrape());
    const usualMs = performance.now() - startMs;
    await containerd.suspend();
    const cadvisor = await fetch(`${url}/metrics/cadvisor`);
    expect(cadvisor.status).toBe(503);
    expect(await cadvisor.text()).toMatch(/^Cannot read the containers of this node: /);
    const awayMs = performance.now();
    const first = await scrape();
    // Less than a call to a container manager that does not respond takes, on a machine as busy as it is.
    expect(performance.now() - awayMs - usualMs).toBeLessThan(2000);
    expect(sampleValue(first, 'kata_monitor_cri_up')).toBe(0);
    familiesBefore.delete('kata_monitor_cri_info');
    // An agent on a busy machine may miss a scrape.
    await vi.waitFor(async () => {
      const response = await scrape();
      expect(criLabelsOf(response, ids.web)).toEqual(expectedLabels(web));
      expect([...familiesBefore].filter((name) => !familiesOf(response).has(name))).toEqual([]);
    }, CONDITION);
  });

  it(
    'labels a sandbox that came while containerd was away as soon as it is back',
    async () => {
      await attachShim(ids.late, latePid);
      expect(criLabelsOf(await scrape(), ids.late)).toEqual(noLabels);
      await containerd.resume();
      await vi.waitFor(async () => expect(criLabelsOf(await scrape(), ids.late)).toEqual(expectedLabels(late)), {
        timeout: 60_000,
        interval: 100,
      });
      const response = await scrape();
      expect(sampleValue(response, 'kata_monitor_cri_up')).toBe(1);
      expect(criLabelsOf(response, ids.database)).toEqual(expectedLabels(database));
    },
    START_MS,
  );

  it('shows a sandbox for as long as it is on disk, and not a scrape longer', async () => {
    await pods.removePod(ids.web);
    expect(criLabelsOf(await scrape(), ids.web)).toEqual(expectedLabels(web));
    await stopShim(ids.web);
    await rm(join(root, 's', ids.web), { recursive: true, force: true });
    // Its final values have its labels.
    const left = ofSandbox(await scrape(), ids.web).filter(({ name }) => !name.startsWith('kata_sandbox_final_'));
    expect(left).toEqual([]);
    expect(criLabelsOf(await scrape(), ids.database)).toEqual(expectedLabels(database));
  });
});

function familiesOf(response: string): Set<string> {
  return new Set(response.split('\n').flatMap((line) => /^# TYPE (\S+)/.exec(line)?.[1] ?? []));
}

/** What `ctr task metrics` says; the names are those of version 1 and 2 of cgroups. */
async function readTaskMetrics(
  containerd: Containerd,
  id: string,
): Promise<{ cpuSeconds: number; memoryBytes: number }> {
  const text = await containerd.ctr('task', 'metrics', id);
  const value = (...names: string[]): number => {
    const [, digits] = new RegExp(`^(?:${names.join('|')})\\s+(\\d+)`, 'm').exec(text) ?? [];
    return Number(digits);
  };
  const cpuSeconds = /^cpuacct/m.test(text) ? value('cpuacct\\.usage') / 1e9 : value('cpu\\.usage_usec') / 1e6;
  return { cpuSeconds, memoryBytes: value('memory\\.usage_in_bytes', 'memory\\.usage') };
}
