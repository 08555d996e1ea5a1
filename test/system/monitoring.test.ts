/**
 * Dashboards and rules over a real Prometheus: each query of each panel and recording rule has data for a sandbox of each
 * runtime, or a reason why not; the queries of older dashboards have data; alerts fire by faults that are caused here.
 * `npm test -- test/system/monitoring.test.ts` prints the two tables.
 */
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { alerts } from '../../scripts/monitoring/alerts.ts';
import { fleetPanels, type Panel, type Runtime, sandboxPanels } from '../../scripts/monitoring/panels.ts';
import { recordingRules } from '../../scripts/monitoring/recording-rules.ts';
import { CriServer } from '../support/cri-server.ts';
import { answerInChunks, answerWithLength, type FakeShim, startFakeShim } from '../support/fake-shim.ts';
import { type Prometheus, startPrometheus } from '../support/prometheus.ts';
import { missingPackages } from '../support/requirements.ts';
import { pickUrl, type RunningProgram, runProgram } from '../support/run-program.ts';

const missing = missingPackages(['prometheus']);
const fixtures = join(import.meta.dirname, '../fixtures/bodies');
const rulesPath = join(import.meta.dirname, '../../deploy/prometheus/kata-monitor.rules.yaml');
const ids: Readonly<Record<Runtime, string>> = {
  Go: 'a'.repeat(64),
  'kata-shim': 'b'.repeat(64),
  'runtime-rs': 'c'.repeat(64),
};
const runtimes = Object.keys(ids) as Runtime[];

/** Queries of the dashboards of OpenShift sandboxed containers and of Kata Containers that are in use. */
const olderQueries: readonly string[] = [
  'sum(count by(instance) (kata_guest_load{item="load1"}))',
  'sum by (sandbox_id) (irate(kata_guest_cpu_time{cpu="total",item=~"irq|softirq|system|user"}[5m]))',
  '(kata_guest_meminfo{item="mem_total"} - on(sandbox_id) kata_guest_meminfo{item="mem_free"})',
  'sum(kata_monitor_running_shim_count)',
  'rate(kata_monitor_scrape_count[5m])*60',
  'kata_monitor_scrape_failed_count',
  ...['go_goroutines', 'go_threads', 'process_open_fds', 'process_resident_memory_bytes'].map(
    (name) => `kata_monitor_${name}`,
  ),
  'histogram_quantile(0.99, sum(rate(kata_monitor_scrape_durations_histogram_milliseconds_bucket[5m])) by (le))',
  'rate(kata_monitor_scrape_durations_histogram_milliseconds_sum[5m])/rate(kata_monitor_scrape_durations_histogram_milliseconds_count[5m])',
  'rate(kata_monitor_go_gc_duration_seconds_sum[5m])/rate(kata_monitor_go_gc_duration_seconds_count[5m])',
  ...['rpc', 'agent_rpc'].flatMap((name) => [
    `histogram_quantile(0.99, sum(rate(kata_shim_${name}_durations_histogram_milliseconds_bucket[5m])) by (action,le))`,
    `rate(kata_shim_${name}_durations_histogram_milliseconds_sum[5m])/rate(kata_shim_${name}_durations_histogram_milliseconds_count[5m])`,
  ]),
  'kata_shim_netdev',
  'kata_shim_go_goroutines',
  'kata_shim_proc_status{item="vmrss"}',
  'irate(kata_shim_io_stat{item="rchar"}[5m])',
  'kata_shim_fds',
  ...['process_open_fds', 'process_resident_memory_bytes', 'proc_status', 'proc_stat'].map(
    (name) => `kata_agent_${name}`,
  ),
  ...['fds', 'netdev', 'proc_stat', 'proc_status{item="vmrss"}', 'io_stat{item="wchar"}'].map(
    (name) => `kata_hypervisor_${name}`,
  ),
  ...[
    'load',
    'tasks',
    'meminfo{item="mem_available"}',
    'netdev_stat{item="sent_bytes"}',
    'netdev_stat{item="recv_drop"}',
  ].map((name) => `kata_guest_${name}`),
];

/** The query for the monitor with the profile full alone, as in a cluster that scrapes each node once. */
function ofJobFull(query: string): string {
  return query.replaceAll(/\bkata_\w+(\{?)/g, (name, brace) =>
    brace === '' ? `${name}{job="full"}` : `${name}job="full",`,
  );
}

/** The agent of a sandbox without a virtual machine, which its shim has started. */
async function findAgent(shimPid: number): Promise<number> {
  const children = (await readFile(`/proc/${shimPid}/task/${shimPid}/children`, 'utf8')).trim().split(' ');
  for (const child of children) {
    if ((await readFile(`/proc/${child}/cmdline`, 'utf8')).includes('kata-agent')) {
      return Number(child);
    }
  }
  throw new Error(`Cannot find the agent among the children of ${shimPid}: ${children.join(', ')}`);
}

/** Variables of the dashboard as Grafana fills them in. */
function fillIn(expression: string, sandbox = '.*'): string {
  return expression.replaceAll('$sandbox', sandbox).replaceAll('$__rate_interval', '1m').replaceAll(/\$\w+/g, '.*');
}

function printTable(title: string, rows: readonly (readonly string[])[]): void {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  process.stdout.write(`\n${title}\n${lines.join('\n')}\n`);
}

describe.skipIf(missing.length > 0)(`dashboards and alerts (needs ${missing.join(', ') || 'nothing more'})`, () => {
  let folder = '';
  let cri: CriServer;
  let prometheus: Prometheus;
  let sandbox: RunningProgram;
  let stopOther: () => Promise<unknown>;
  const shims = new Map<string, FakeShim>();
  const programs: RunningProgram[] = [];

  const startShim = async (id: string, response?: Parameters<typeof startFakeShim>[1]): Promise<FakeShim> => {
    await mkdir(join(folder, 'sbs', id), { recursive: true });
    const shim = await startFakeShim(join(folder, 'sbs', id, 'shim-monitor.sock'), response);
    shims.set(id, shim);
    return shim;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'km-'));
    const read = (name: string): Promise<string> => readFile(join(fixtures, `${name}.metrics.txt`), 'utf8');
    await startShim(ids.Go, answerInChunks(await read('go-shim')));
    // Ours is a real one: a sandbox without a virtual machine, with its agent.
    sandbox = runProgram('kata-shim', [
      'run',
      `--sandbox-id=${ids['kata-shim']}`,
      '--hypervisor=process',
      `--root=${join(folder, 'sbs')}`,
      '--agent-timeout=200ms',
    ]);
    programs.push(sandbox);
    await sandbox.waitForLine((line) => (line.includes('Listening on') ? true : undefined));
    await startShim(ids['runtime-rs'], answerWithLength(await read('runtime-rs')));
    cri = await CriServer.start(join(folder, 'cri.sock'), {
      state: {
        pods: runtimes.map((runtime) => ({
          id: ids[runtime],
          metadata: { name: runtime.toLowerCase(), namespace: 'shop', uid: `uid-${runtime}` },
          createdAt: BigInt(Date.now()) * 1_000_000n,
        })),
      },
    });
    const start = async (profile: string, ...more: readonly string[]): Promise<string> => {
      const monitor = runProgram('kata-monitor', [
        '--listen-address=127.0.0.1:0',
        `--sandboxes-root=${join(folder, 'sbs')}`,
        `--runtime-endpoint=${cri.socketPath}`,
        `--metrics.profile=${profile}`,
        '--shim-timeout=300ms',
        ...more,
      ]);
      programs.push(monitor);
      return (await monitor.waitForLine(pickUrl)).replace('http://', '');
    };
    const [standard, full] = await Promise.all([start('standard'), start('full')]);
    const other = await start('minimal', '--max-sandboxes=2');
    const otherMonitor = programs.at(-1)!;
    stopOther = () => otherMonitor.stop();
    // As they are, but each alert fires as soon as its expression holds.
    const rules = parse(await readFile(rulesPath, 'utf8')) as { groups: { rules: { for?: string }[] }[] };
    for (const rule of rules.groups.flatMap((group) => group.rules)) {
      delete rule.for;
    }
    await writeFile(join(folder, 'rules.yaml'), stringify(rules));
    const job = (name: string, target: string | undefined) => ({
      job_name: name,
      static_configs: [{ targets: [target] }],
    });
    prometheus = await startPrometheus(
      stringify({
        global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
        rule_files: [join(folder, 'rules.yaml')],
        scrape_configs: [job('kata', standard), job('full', full), job('other', other)],
      }),
    );
    await vi.waitFor(
      async () => {
        const counts = await prometheus.query('count_over_time(kata_sandbox_up{job=~"kata|full"}[2m]) >= 4');
        expect(counts).toHaveLength(2 * runtimes.length);
      },
      { timeout: 60_000, interval: 250 },
    );
  }, 120_000);

  afterAll(async () => {
    await prometheus?.stop();
    await Promise.all(programs.map((program) => program.stop()));
    await cri?.stop();
    await Promise.all([...shims.values()].map((shim) => shim.close()));
    await rm(folder, { recursive: true, force: true });
  });

  it('each query of the sandbox dashboard has data for each runtime, or a reason', async () => {
    const rows: string[][] = [['panel', 'query', ...runtimes]];
    const unexplained: string[] = [];
    for (const { title, queries } of sandboxPanels) {
      for (const { expression, legend, emptyFor = {} } of queries) {
        const cells = await Promise.all(
          runtimes.map(async (runtime) => {
            const { length } = await prometheus.query(fillIn(expression, ids[runtime]));
            const reason = emptyFor[runtime];
            if ((length === 0) !== (reason !== undefined)) {
              unexplained.push(`${title}, ${legend}, ${runtime}: ${length}`);
            }
            return length > 0 ? `${length}` : (reason ?? 'EMPTY');
          }),
        );
        rows.push([title, legend, ...cells]);
      }
    }
    printTable('Series of each panel of the sandbox dashboard, by runtime', rows);
    expect(unexplained).toEqual([]);
  });

  it.each(fleetPanels.flatMap(({ title, queries }: Panel) => queries.map((query) => ({ title, ...query }))))(
    'fleet dashboard: $title, $legend',
    async ({ expression, title }) => {
      if (title === 'Reasons') {
        return; // none yet: the alerts below cause them
      }
      expect((await prometheus.query(fillIn(expression))).length).toBeGreaterThan(0);
    },
  );

  it.each(recordingRules.filter(({ name }) => !name.includes('error')))('rule $name has data', async ({ name }) => {
    expect((await prometheus.query(name)).length).toBeGreaterThan(0);
  });

  it.each(olderQueries)('%s', async (query) => {
    expect((await prometheus.query(ofJobFull(query))).length).toBeGreaterThan(0);
  });

  describe('alerts', () => {
    const fired: string[][] = [['alert', 'fault', 'by']];
    const waitFor = (name: string): Promise<void> =>
      vi.waitFor(
        async () => {
          expect(await prometheus.query(`ALERTS{alertname="${name}",alertstate="firing"}`)).not.toHaveLength(0);
        },
        { timeout: 30_000, interval: 300 },
      );
    const good = (more: string): ReturnType<typeof answerWithLength> =>
      answerWithLength(`kata_shim_fds 7\nkata_guest_load{item="load1"} 1\n${more}`);
    /** A shim that sends one thing, and later another. */
    const change = async (id: string, first: string, second: string): Promise<void> => {
      const shim = await startShim(id, good(first));
      await vi.waitFor(
        async () =>
          expect(await prometheus.query(`kata_sandbox_up{job="kata",sandbox_id="${id}"} == 1`)).toHaveLength(1),
        { timeout: 20_000, interval: 250 },
      );
      shim.setAnswer(good(second));
    };
    const meminfo = (free: number): string =>
      `kata_guest_meminfo{item="mem_total"} 100\nkata_guest_meminfo{item="mem_available"} ${free}\n`;
    const disk = (free: number): string =>
      ['total', 'available', 'used', 'available_unprivileged']
        .map(
          (item) =>
            `kata_guest_filesystem_bytes{mount="/",device="vda",item="${item}"} ${item === 'total' ? 100 : free}\n`,
        )
        .join('');
    const cpu = (user: number): string =>
      `kata_guest_cpu_time{cpu="total",item="user"} ${user}\nkata_guest_cpu_time{cpu="0",item="user"} ${user}\n`;

    const steal = (value: number): string => `kata_guest_cpu_time{cpu="total",item="steal"} ${value}\n${cpu(1)}`;
    const dropped = (count: number): string =>
      ['recv_bytes', 'sent_bytes', 'recv_errs', 'recv_drop', 'sent_errs', 'sent_drop']
        .map((item) => `kata_guest_netdev_stat{interface="eth0",item="${item}"} ${count}\n`)
        .join('');

    /** `caused`: the thing itself happens here; `sent`: a shim sends what a guest with the fault sends. */
    const faults: readonly (readonly [
      alert: string,
      fault: string,
      by: 'caused' | 'sent',
      act: () => Promise<unknown>,
    ])[] = [
      ['KataMonitorCriDown', 'the CRI socket is closed', 'caused', () => cri.stop()],
      ['KataSandboxDown', 'a shim that does not respond', 'caused', () => startShim('silent')],
      [
        'KataSandboxUnsafeSocket',
        'a directory that others may write to',
        'caused',
        async () => {
          await startShim('unsafe');
          await chmod(join(folder, 'sbs/unsafe'), 0o777);
        },
      ],
      ['KataGuestNeverUp', 'a guest without a response since the start', 'caused', async () => undefined],
      [
        'KataSandboxInvalidMetrics',
        'a value that is no number',
        'caused',
        () => startShim('invalid', answerWithLength('kata_guest_load x\n')),
      ],
      [
        'KataSandboxOverLimit',
        'a body of 5 MiB',
        'caused',
        () => startShim('large', answerWithLength(`# ${'x'.repeat(5 << 20)}\n`)),
      ],
      ['KataMonitorSandboxesNotScraped', 'more sandboxes than --max-sandboxes', 'caused', async () => undefined],
      ['KataMonitorDown', 'a monitor is stopped', 'caused', () => stopOther()],
      [
        'KataGuestUnresponsive',
        'SIGSTOP of the agent',
        'caused',
        async () => {
          process.kill(await findAgent(sandbox.child.pid!), 'SIGSTOP');
        },
      ],
      ['KataAgentSlow', 'the same', 'caused', async () => undefined],
      [
        'KataGuestLoadHigh',
        'ten tasks for each CPU',
        'sent',
        () => startShim('load', answerWithLength(`kata_guest_load{item="load1"} 10\n${cpu(1)}`)),
      ],
      ['KataGuestCpuSteal', 'steal rises', 'sent', () => change('steal', steal(0), steal(90_000))],
      ['KataGuestNetworkErrors', 'dropped packets rise', 'sent', () => change('net', dropped(0), dropped(90_000))],
      [
        'KataSandboxSamplesNearLimit',
        '17,000 samples',
        'sent',
        () =>
          startShim(
            'many',
            answerWithLength(Array.from({ length: 17_000 }, (_, i) => `kata_guest_things{item="${i}"} 1\n`).join('')),
          ),
      ],
      [
        'KataGuestMemoryPressure',
        'a guest with 5 % of its memory left',
        'sent',
        () => startShim('memory', good(meminfo(5))),
      ],
      [
        'KataGuestOomKill',
        'the count of the guest rises',
        'sent',
        () => change('oom', 'kata_guest_vm_stat{item="oom_kill"} 0\n', 'kata_guest_vm_stat{item="oom_kill"} 2\n'),
      ],
      ['KataGuestDiskSpaceLow', 'a file system with 1 % left', 'sent', () => change('disk', disk(50), disk(1))],
      ['KataGuestDiskFull', 'the same', 'sent', async () => undefined],
      ['KataGuestRestarted', 'CPU time begins anew', 'sent', () => change('restart', cpu(9000), cpu(10))],
      [
        'KataGuestInodesLow',
        '1 % of the inodes left',
        'sent',
        () =>
          startShim(
            'inodes',
            good(
              'kata_guest_filesystem_inodes{mount="/",device="vda",item="total"} 100\nkata_guest_filesystem_inodes{mount="/",device="vda",item="available"} 1\n',
            ),
          ),
      ],
      [
        'KataAgentVersionSkew',
        'two versions of the agent',
        'sent',
        async () => {
          await startShim('old', good('kata_shim_sandbox_info{agent_version="1"} 1\n'));
          await startShim('new', good('kata_shim_sandbox_info{agent_version="2"} 1\n'));
        },
      ],
    ];

    it.each(faults)('%s fires by %s', async (alert, fault, by, act) => {
      await act();
      await waitFor(alert);
      fired.push([alert, fault, by]);
    });

    it('are all here, or only in the tests of promtool', () => {
      const rest = alerts.filter(({ name }) => !faults.some(([alert]) => alert === name));
      printTable('Alerts by fault', [...fired, ...rest.map(({ name }) => [name, '-', 'promtool only'])]);
      expect(fired).toHaveLength(faults.length + 1);
    });
  });
});
