/**
 * A node for the proof of dashboards and alerts: two virtual machines of kata-shim, sandboxes without one, bodies of the
 * other runtimes, a container manager, several kata-monitors and one Prometheus over them. Every program is real; only the
 * bodies of Go shims and runtime-rs come from a shim of the tests, and so does what kube-state-metrics would send.
 */
import { EventEmitter, once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { Source } from '../../../scripts/monitoring/panel.ts';
import { makeBodies } from '../../support/bodies-of-runtimes.ts';
import { Containerd } from '../../support/containerd.ts';
import { CriServer } from '../../support/cri-server.ts';
import {
  answerInChunks,
  answerWithLength,
  type FakeAnswer,
  type FakeAnswerer,
  type FakeShim,
  startFakeShim,
} from '../../support/fake-shim.ts';
import { makeGuestContainer, startInGuestContainer } from '../../support/guest-container.ts';
import { type OtlpServer, startOtlpServer } from '../../support/otlp-server.ts';
import { type Prometheus, startPrometheus } from '../../support/prometheus.ts';
import { provideGuest } from '../../support/provide-guest.ts';
import { pickUrl, programCommand, type RunningProgram, runCommand } from '../../support/run-program.ts';
import { startVirtualSandbox, type VirtualSandbox } from '../../support/virtual-sandbox.ts';
import { makeOlderPackage, type OlderPackage } from './older-package.ts';
import { type PodNetwork, startInPodNetwork } from './pod-network.ts';

const fixtures = join(import.meta.dirname, '../../fixtures');
const rulesPath = join(import.meta.dirname, '../../../deploy/prometheus/kata-monitor.rules.yaml');
const MIB = 2 ** 20;
/** The container of each machine. */
export const HOG = 'hog';
export const LOADED = 'load';
/** In the guest. */
const EXPORTER_PORT = 9100;
const CLOUD_HYPERVISOR_COUNTERS = JSON.stringify({
  _disk3: {
    ...{ read_ops: 5, read_bytes: 4096, read_latency_min: 10, read_latency_max: 2000, read_latency_avg: 500 },
    ...{ write_ops: 2, write_bytes: 8192, write_latency_min: 20, write_latency_max: 900, write_latency_avg: 460 },
  },
});

/** Sandboxes of which each panel is shown, by the heading of their column. */
export interface Column {
  readonly heading: string;
  readonly source: Source;
  readonly id: string;
}

/** Each monitor by its job in Prometheus. */
export type Job = 'kata' | 'full' | 'large' | 'other' | 'pushing' | 'short';

/** Monitors that are started later, so that Prometheus has to find them. */
const laterJobs = ['other', 'pushing'] as const;

export class MonitoredNode {
  readonly folder: string;
  /** Of the sandboxes without a virtual machine. */
  readonly root: string;
  readonly columns: readonly Column[];
  readonly machines: readonly [VirtualSandbox, VirtualSandbox];
  readonly cri: CriServer;
  readonly containerd: Containerd;
  readonly older: OlderPackage;
  readonly pod: PodNetwork;
  readonly monitors = new Map<Job, RunningProgram>();
  /** Bytes that the RuntimeClass reserves for the first machine, as kube-state-metrics reports them. */
  podFixedBytes = 4096 * MIB;
  /** What the OTLP endpoint of the monitor `short` rejects, by the id of a sandbox. */
  rejectedByOtlp: string | undefined;
  prometheus!: Prometheus;
  #otlp!: OtlpServer;
  readonly #targets = new Map<Job, string>();
  readonly #largeRequests = new EventEmitter();
  readonly #cleanUp: AsyncDisposableStack;

  private constructor(
    parts: Pick<MonitoredNode, 'containerd' | 'cri' | 'folder' | 'machines' | 'older' | 'pod'>,
    cleanUp: AsyncDisposableStack,
  ) {
    this.#cleanUp = cleanUp;
    this.folder = parts.folder;
    this.root = join(parts.folder, 'sbs');
    this.machines = parts.machines;
    this.cri = parts.cri;
    this.containerd = parts.containerd;
    this.older = parts.older;
    this.pod = parts.pod;
    this.columns = [
      { heading: 'Go', source: 'Go', id: 'a'.repeat(64) },
      { heading: 'Go, QEMU', source: 'Go with a hypervisor', id: 'b'.repeat(64) },
      { heading: 'runtime-rs', source: 'runtime-rs', id: 'c'.repeat(64) },
      { heading: 'kata-shim, VM 1', source: 'kata-shim', id: parts.machines[0].id },
      { heading: 'VM 2', source: 'kata-shim', id: parts.machines[1].id },
      { heading: 'process', source: 'kata-shim process', id: 'd'.repeat(64) },
    ];
  }

  /** Resolves when everything runs and the machines have booted. A failure leaves nothing. */
  static async start(): Promise<MonitoredNode> {
    const cleanUp = new AsyncDisposableStack();
    try {
      const folder = cleanUp.adopt(await mkdtemp(join(tmpdir(), 'km-')), (path) =>
        // What cleans up after shims that were killed goes on for a moment.
        rm(path, { recursive: true, maxRetries: 10 }),
      );
      await Promise.all(['sbs', 'few', 'large', 'older'].map((name) => mkdir(join(folder, name))));
      const image = await provideGuest();
      const machine = async (container: string): Promise<VirtualSandbox> =>
        cleanUp.adopt(
          await startVirtualSandbox(
            image,
            ...['--memory=384', '--disk=16', '--agent-timeout=1500ms', `--container=${container}`],
          ),
          (started) => started.dispose(),
        );
      const machines = [await machine(HOG), await machine(LOADED)] as const;
      const cri = cleanUp.adopt(await CriServer.start(join(folder, 'cri.sock')), (server) => server.stop());
      const containerd = cleanUp.adopt(await Containerd.start({ hasCri: true }), (started) => started.stop());
      const older = await makeOlderPackage(join(folder, 'older'));
      const pod = cleanUp.adopt(
        await startInPodNetwork([`--sandbox-id=${'d'.repeat(64)}`, `--root=${join(folder, 'sbs')}`]),
        (started) => started.stop(),
      );
      const node = new MonitoredNode({ folder, cri, containerd, machines, older, pod }, cleanUp);
      cri.state.pods = node.columns.map(({ heading, id }) => ({
        id,
        metadata: { name: heading.replaceAll(/\W+/g, '-').toLowerCase(), namespace: 'shop', uid: `uid-${id}` },
        createdAt: BigInt(Date.now()) * 1_000_000n,
        runtimeHandler: 'kata',
        annotations: { 'kata-metrics/guest-exporters': id === machines[0].id ? `app=${EXPORTER_PORT}` : '' },
      }));
      await node.#startBodies();
      await node.#startOtlp();
      await node.#startMonitors();
      await Promise.all(machines.map(makeContainerFilesystem));
      await machines[0].runInGuest(
        `busybox mkdir /run/exporter && echo 'app_requests_total 5' >/run/exporter/metrics && busybox httpd -p 127.0.0.1:${EXPORTER_PORT} -h /run/exporter`,
      );
      await startIdleContainer(machines[0], HOG);
      await startIdleContainer(machines[1], LOADED);
      await node.#startPrometheus();
      return node;
    } catch (error) {
      await cleanUp.disposeAsync();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.#cleanUp.disposeAsync();
  }

  /** A shim of the tests over a new sandbox. */
  async startShim(id: string, response?: FakeAnswer | FakeAnswerer, root = this.root): Promise<FakeShim> {
    await mkdir(join(root, id));
    const shim = await startFakeShim(join(root, id, 'shim-monitor.sock'), response);
    return this.#cleanUp.adopt(shim, (started) => started.close());
  }

  /** kata-shim over a new sandbox without a virtual machine. Resolves when it serves. */
  async startProcessSandbox(
    id: string,
    args: readonly string[] = [],
    command: readonly [string, ...string[]] = programCommand('kata-shim'),
  ): Promise<RunningProgram> {
    const run = ['run', '--hypervisor=process', `--sandbox-id=${id}`, `--root=${this.root}`, ...args];
    const shim = this.#run([...command, ...run]);
    await shim.waitForLine((line) => (line.includes('Serving on') ? true : undefined));
    return shim;
  }

  /** A monitor without sandboxes, whose OTLP endpoint does not exist. Resolves when it serves. */
  async startPushingMonitor(): Promise<void> {
    await this.#startMonitor('pushing', [
      `--sandboxes-root=${join(this.folder, 'none')}`,
      `--runtime-endpoint=${join(this.folder, 'none.sock')}`,
      '--otlp.endpoint=http://127.0.0.1:1',
      '--otlp.interval=1s',
    ]);
    await this.#announce('pushing');
  }

  /** A monitor of an older release, which reads the pods of containerd. Resolves when it serves. */
  async startOlderMonitor(): Promise<void> {
    const args = [
      ...this.machines.map(({ root }) => `--sandboxes-root=${root}`),
      `--runtime-endpoint=${this.containerd.socketPath}`,
      '--web.max-requests=1',
    ];
    await this.#startMonitor('other', args, this.older.command('kata-monitor'));
    await this.#announce('other');
  }

  async #announce(job: (typeof laterJobs)[number]): Promise<void> {
    // Renamed into its place, so that Prometheus never reads half of it.
    const path = this.#discoveryPath(job);
    await writeFile(`${path}.new`, JSON.stringify([{ targets: [this.#targets.get(job)] }]));
    await rename(`${path}.new`, path);
  }

  /** Resolves when Prometheus has sent the next request to the monitor `large`. */
  async nextScrapeOfLarge(): Promise<void> {
    await once(this.#largeRequests, 'request');
  }

  /** Opens connections of clients that send nothing, until the end of the test. */
  async holdConnections(job: Job, count: number): Promise<void> {
    const [host, port] = this.#targets.get(job)!.split(':');
    const clients = Array.from({ length: count }, () => connect(Number(port), host));
    this.#cleanUp.defer(() => clients.forEach((client) => void client.destroy()));
    // Some are refused.
    await Promise.all(
      clients.map((client) => new Promise((resolve) => client.once('connect', resolve).once('error', resolve))),
    );
    for (const client of clients) {
      client.on('error', () => undefined);
    }
  }

  urlOf(job: Job): string {
    return `http://${this.#targets.get(job)}`;
  }

  #run(command: readonly [string, ...string[]]): RunningProgram {
    return this.#cleanUp.adopt(runCommand(command), async (program) => {
      program.child.kill('SIGCONT');
      await program.stop();
    });
  }

  async #startBodies(): Promise<void> {
    const [go, goWithHypervisor, rust] = this.columns;
    const tree = join(fixtures, 'procfs/6.12');
    const pids = (await readdir(tree)).filter((name) => /^\d+$/.test(name)).map(Number);
    const [hypervisorPid, shimPid = 0] = pids.length > 1 ? pids : [pids[0], pids[0]];
    const bodies = await makeBodies({ tree, hypervisorPid, virtiofsdPid: undefined, shimPid });
    const read = (name: string): Promise<string> => readFile(join(fixtures, `bodies/${name}.metrics.txt`), 'utf8');
    await this.startShim(go!.id, answerInChunks(await read('go-shim')));
    await this.startShim(goWithHypervisor!.id, answerInChunks(bodies['go-shim']));
    await this.startShim(rust!.id, answerWithLength(await read('runtime-rs')));
    // The Go runtime keeps the sockets of virtual machines beside its sandboxes.
    const machine = join(this.folder, 'vm', go!.id);
    await mkdir(machine, { recursive: true });
    const hypervisor = await startFakeShim(join(machine, 'clh-api.sock'), answerWithLength(CLOUD_HYPERVISOR_COUNTERS));
    this.#cleanUp.adopt(hypervisor, (started) => started.close());
  }

  async #startOtlp(): Promise<void> {
    const isRejected = (id: string | undefined): boolean => id !== undefined && id === this.rejectedByOtlp;
    const server = await startOtlpServer((resources) =>
      resources.some(({ attributes }) => isRejected(attributes['kata.sandbox.id'])) ? 400 : 200,
    );
    this.#otlp = this.#cleanUp.adopt(server, (started) => started.close());
  }

  async #startMonitor(
    job: Job,
    args: readonly string[],
    command: readonly [string, ...string[]] = programCommand('kata-monitor'),
  ): Promise<void> {
    const monitor = this.#run([...command, '--listen-address=127.0.0.1:0', ...args]);
    this.monitors.set(job, monitor);
    this.#targets.set(job, (await monitor.waitForLine(pickUrl)).replace('http://', ''));
  }

  async #startMonitors(): Promise<void> {
    const roots = [this.root, ...this.machines.map(({ root }) => root)];
    const whole = [...roots.map((root) => `--sandboxes-root=${root}`), `--runtime-endpoint=${this.cri.socketPath}`];
    const limited = ['sh', '-c', 'ulimit -n 128; exec "$@"', 'sh', ...programCommand('kata-monitor')] as const;
    const noCri = `--runtime-endpoint=${join(this.folder, 'none.sock')}`;
    await Promise.all([
      this.#startMonitor('kata', [...whole, '--metrics.profile=standard', '--guest-exporter=app']),
      this.#startMonitor('full', [...whole, '--metrics.profile=full']),
      this.#startMonitor('large', [
        `--sandboxes-root=${join(this.folder, 'large')}`,
        noCri,
        `--max-body-bytes=${256 * MIB}`,
        `--extra-bytes=${256 * MIB}`,
        '--shim-timeout=7s',
      ]),
      this.#startMonitor(
        'short',
        [
          ...[`--sandboxes-root=${join(this.folder, 'few')}`, noCri, '--max-sandboxes=80'],
          ...[`--otlp.endpoint=${this.#otlp.url}`, '--otlp.protocol=http/json', '--otlp.interval=10s'],
        ],
        limited,
      ),
    ]);
  }

  #discoveryPath(job: (typeof laterJobs)[number]): string {
    return join(this.folder, `${job}.json`);
  }

  /** Passes bytes on, and reports each request of the client. Returns `host:port`. */
  async #startProxy(target: string): Promise<string> {
    const [host, port] = target.split(':');
    const server = createTcpServer((client) => {
      const upstream = connect(Number(port), host);
      client.on('data', () => this.#largeRequests.emit('request'));
      for (const [from, to] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        from.pipe(to);
        from.on('error', () => to.destroy()).on('close', () => to.destroy());
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.#cleanUp.defer(() => void server.close());
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async #startPrometheus(): Promise<void> {
    const labels = `namespace="shop",pod="vm",uid="uid-${this.machines[0].id}"`;
    const server = createServer((_, response) =>
      response.end(`kube_pod_overhead_memory_bytes{${labels}} ${this.podFixedBytes}\n`),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.#cleanUp.defer(() => {
      server.close();
      server.closeAllConnections();
    });
    const kubeStateMetrics = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    // As they are, but each alert fires as soon as its expression holds.
    const rules = parse(await readFile(rulesPath, 'utf8')) as { groups: { rules: { for?: string }[] }[] };
    for (const rule of rules.groups.flatMap((group) => group.rules)) {
      delete rule.for;
    }
    await writeFile(join(this.folder, 'rules.yaml'), stringify(rules));
    const job = (name: string, target: string | undefined, more: object = {}) => ({
      job_name: name,
      static_configs: [{ targets: [target] }],
      ...more,
    });
    const slow = { scrape_interval: '8s', scrape_timeout: '8s' };
    const patient = { scrape_interval: '4s', scrape_timeout: '4s' };
    const large = await this.#startProxy(this.#targets.get('large')!);
    await Promise.all(laterJobs.map((name) => writeFile(this.#discoveryPath(name), '[]')));
    const prometheus = await startPrometheus(
      stringify({
        global: { scrape_interval: '2s', scrape_timeout: '2s', evaluation_interval: '1s' },
        rule_files: [join(this.folder, 'rules.yaml')],
        scrape_configs: [
          ...(['kata', 'full', 'short'] as const).map((name) => job(name, this.#targets.get(name))),
          job('large', large, slow),
          job('guest', this.#targets.get('kata'), { metrics_path: '/metrics/guest' }),
          ...laterJobs.map((name) => ({
            job_name: name,
            file_sd_configs: [{ files: [this.#discoveryPath(name)] }],
            // A scrape that times out is one that fails, which one of the alerts is about.
            ...patient,
          })),
          job('kube-state-metrics', kubeStateMetrics),
        ],
      }),
    );
    this.prometheus = this.#cleanUp.adopt(prometheus, (started) => started.stop());
  }
}

/** The agent reports containers with processes. */
async function startIdleContainer(machine: VirtualSandbox, id: string): Promise<void> {
  await makeGuestContainer(machine, id);
  await startInGuestContainer(machine, id, 'busybox sleep 3600');
}

/** An overlay on a small tmpfs, as the root of a container with little space and few inodes. */
async function makeContainerFilesystem(machine: VirtualSandbox): Promise<void> {
  await machine.waitForAgent();
  await machine.runInGuest(
    [
      'busybox mkdir -p /run/disk /run/lower /run/container',
      'busybox mount -t tmpfs -o size=4m,nr_inodes=64 tmpfs /run/disk',
      'busybox mkdir /run/disk/upper /run/disk/work',
      'busybox mount -t overlay -o lowerdir=/run/lower,upperdir=/run/disk/upper,workdir=/run/disk/work overlay /run/container',
    ].join(' && '),
  );
}
