import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeBodies, type Runtime } from '../../test/support/bodies-of-runtimes.ts';
import { catalog, type FamilyName } from '../catalog/index.ts';
import { keepNames, noLabels, planMerge, runToEnd, type Scan, scan, writeText } from '../exposition/index.ts';
import { computeDerived, layOutDerived } from './derived-metrics.ts';
import { findRuntime } from './shim-runtime.ts';

const fixtures = join(import.meta.dirname, '../../test/fixtures');
const trees = readdirSync(join(fixtures, 'procfs')).filter((name) =>
  existsSync(join(fixtures, 'procfs', name, 'stat')),
);
const runtimes: readonly Runtime[] = ['go-shim', 'kata-shim', 'runtime-rs'];

function print(scanned: Scan): string {
  return [...writeText(planMerge([{ id: '', scan: scanned, labels: noLabels, naming: keepNames }]))].join('');
}

function derive(scanned: Scan, isPartial: boolean): Scan {
  return runToEnd(computeDerived(runToEnd(layOutDerived(scanned, isPartial)), scanned));
}

function deriveText(body: string | Buffer, isPartial = false): string {
  return print(derive(scan(Buffer.from(body), { isPartial }), isPartial));
}

/** Values by series. */
function valuesOf(body: string | Buffer, isPartial = false): Record<string, number> {
  const lines = deriveText(body, isPartial).split('\n');
  return Object.fromEntries(
    lines
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

/** Numbers of the processes in a tree. */
function pidsOf(tree: string): number[] {
  return readdirSync(tree)
    .filter(
      (name) =>
        /^\d+$/.test(name) &&
        existsSync(join(tree, name, 'status')) &&
        /^VmRSS/m.test(readFileSync(join(tree, name, 'status'), 'latin1')),
    )
    .map(Number);
}

function kib(tree: string, pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(join(tree, String(pid), 'status'), 'latin1'))?.[1]);
}

describe('one state of one machine in the body of each runtime', () => {
  it.each(trees)('yields the same bytes: kernel %s', async (name) => {
    const tree = join(fixtures, 'procfs', name);
    const [first = 0, second = first, third = second] = pidsOf(tree);
    const bodies = await makeBodies({ tree, hypervisorPid: first, virtiofsdPid: second, shimPid: third });
    const [ofGo, ofOurs, ofRust] = runtimes.map((runtime) => deriveText(bodies[runtime]));
    expect(ofGo).toBe(ofOurs);
    expect(ofRust).toBe(ofOurs);
    const hostBytes = [first, second, third].reduce((sum, pid) => sum + kib(tree, pid), 0) * 1024;
    expect(valuesOf(bodies['go-shim'])).toMatchObject({
      kata_sandbox_host_memory_bytes: hostBytes,
      kata_sandbox_host_cpu_seconds_total: expect.any(Number),
      kata_sandbox_guest_uptime_seconds: expect.any(Number),
    });
  });

  it('with hypervisor and shim in one process, uses the values of that process from runtime-rs', async () => {
    const tree = join(fixtures, 'procfs/6.12');
    const [shimPid = 0] = pidsOf(tree);
    const bodies = await makeBodies({ tree, hypervisorPid: undefined, virtiofsdPid: undefined, shimPid });
    expect(valuesOf(bodies['runtime-rs'])).toMatchObject({ kata_sandbox_host_memory_bytes: kib(tree, shimPid) * 1024 });
    expect(valuesOf(bodies['go-shim'])).not.toHaveProperty('kata_sandbox_host_memory_bytes');
    expect(valuesOf(bodies['kata-shim'])).not.toHaveProperty('kata_sandbox_host_memory_bytes');
  });
});

describe('the body of each runtime', () => {
  it.each(runtimes)('is in test/fixtures/bodies: %s', (runtime) => {
    const body = readFileSync(join(fixtures, `bodies/${runtime}.metrics.txt`));
    expect(findRuntime(scan(body).form.families)).toBe(runtime);
    expect(valuesOf(body)).toMatchObject({
      kata_sandbox_cpu_usage_seconds_total: expect.any(Number),
      kata_sandbox_memory_working_set_bytes: expect.any(Number),
    });
  });

  it.each(['kata-shim', 'runtime-rs'] as const)(
    'yields the memory of the host processes of the sandbox: %s',
    (runtime) => {
      const body = readFileSync(join(fixtures, `bodies/${runtime}.metrics.txt`));
      const tree = join(fixtures, 'procfs/6.12');
      const pids = runtime === 'kata-shim' ? [1, 162, 162] : [162];
      expect(valuesOf(body)['kata_sandbox_host_memory_bytes']).toBe(
        pids.reduce((sum, pid) => sum + kib(tree, pid), 0) * 1024,
      );
    },
  );

  it('of the Go shim yields the values of its lines', () => {
    expect(valuesOf(readFileSync(join(fixtures, 'bodies/go-shim.metrics.txt')))).toMatchObject({
      kata_sandbox_cpu_usage_seconds_total: 274.73,
      kata_sandbox_cpu_cores: 2,
      kata_sandbox_memory_total_bytes: 25_276_514_300,
      kata_sandbox_memory_available_bytes: 24_889_466_880,
      kata_sandbox_memory_working_set_bytes: 387_047_420,
      'kata_sandbox_network_receive_bytes_total{interface="eth0"}': 86_304,
      'kata_sandbox_disk_read_bytes_total{device="vda"}': 274 * 512,
      kata_sandbox_load1: 0.02,
      kata_sandbox_tasks: 67,
    });
  });

  it.each([
    ['nothing', '', undefined],
    ['a guest alone', 'kata_guest_load{item="load1"} 1\n', undefined],
    ['ours with Go families for dashboards', 'go_info 1\nkata_shim_nodejs_heap_total_bytes 1\n', 'kata-shim'],
    ['ours', 'kata_shim_agent_up 1\nkata_shim_proc_stat{item="utime"} 1\n', 'kata-shim'],
    ['the Go shim with one family', 'go_threads 9\n', 'go-shim'],
    ['the Go shim', 'go_info{version="go1.19.8"} 1\nkata_shim_proc_stat{item="utime"} 1\n', 'go-shim'],
    ['runtime-rs', 'kata_shim_proc_status{item="vmrss"} 1\n', 'runtime-rs'],
  ])('%s', (_what, body, runtime) => {
    expect(findRuntime(scan(Buffer.from(body)).form.families)).toBe(runtime);
  });
});

const cpu = (item: string, ms: string): string => `kata_guest_cpu_time{cpu="total",item="${item}"} ${ms}\n`;
const memory = (item: string, bytes: string): string => `kata_guest_meminfo{item="${item}"} ${bytes}\n`;
const net = (device: string, item: string, value: string): string =>
  `kata_guest_netdev_stat{interface="${device}",item="${item}"} ${value}\n`;

describe('a derived metric', () => {
  it.each<[string, string, Record<string, number>]>([
    ['without its lines', 'kata_guest_vm_stat{item="pgfault"} 1\n', {}],
    [
      'CPU: guest time is in user time',
      cpu('user', '1000') + cpu('guest', '900') + cpu('guest_nice', '9'),
      { kata_sandbox_cpu_usage_seconds_total: 1 },
    ],
    [
      'CPU: idle and iowait do not count',
      cpu('system', '10') + cpu('idle', '5') + cpu('iowait', '5'),
      { kata_sandbox_cpu_usage_seconds_total: 0.01 },
    ],
    ['CPU: one of its items is NaN', cpu('user', 'NaN') + cpu('system', '5'), {}],
    ['CPU: below 0', cpu('user', '-5'), {}],
    [
      'memory: an old kernel does not report available memory',
      memory('mem_total', '4096'),
      { kata_sandbox_memory_total_bytes: 4096 },
    ],
    [
      'memory: available exceeds total',
      memory('mem_total', '5') + memory('mem_available', '6'),
      { kata_sandbox_memory_total_bytes: 5, kata_sandbox_memory_available_bytes: 6 },
    ],
    ['network: loopback does not count', net('lo', 'recv_bytes', '5'), {}],
    [
      'network: 64 bits',
      net('eth0', 'recv_bytes', '18446744073709551615'),
      { 'kata_sandbox_network_receive_bytes_total{interface="eth0"}': 18_446_744_073_709_552_000 },
    ],
    [
      'disks: memory and loop devices do not count',
      ['vda', 'loop0', 'zram0', 'ram15', 'loopback']
        .map((disk) => `kata_guest_diskstat{disk="${disk}",item="reads"} 3\n`)
        .join(''),
      {
        'kata_sandbox_disk_reads_total{device="vda"}': 3,
        'kata_sandbox_disk_reads_total{device="loopback"}': 3,
      },
    ],
    ['network: other columns', net('eth0', 'recv_fifo', '5'), {}],
    [
      'file system: a name that must be escaped',
      'kata_guest_filesystem_bytes{mount="/a\\"b\\\\c",device="/dev/vda",item="total"} 7\n',
      { 'kata_sandbox_filesystem_size_bytes{mountpoint="/a\\"b\\\\c",device="/dev/vda"}': 7 },
    ],
    ...['agent of this project', 'agent of this project, the other order', 'Rust agent'].map(
      (agent): [string, string, Record<string, number>] => {
        const root = (item: string, bytes: number) =>
          `kata_guest_filesystem_bytes{mount="/",device="vda",item="${item}"} ${bytes}\n`;
        const other = 'kata_guest_filesystem_bytes{mount="/",device="vdb",item="available"} 5\n';
        const unprivileged = agent === 'Rust agent' ? '' : root('available_unprivileged', 60);
        const lines = [root('available', 100), unprivileged, other];
        return [
          `file system: available bytes by the ${agent}`,
          (agent.endsWith('order') ? lines.toReversed() : lines).join(''),
          {
            'kata_sandbox_filesystem_available_bytes{mountpoint="/",device="vda"}': unprivileged === '' ? 100 : 60,
            'kata_sandbox_filesystem_available_bytes{mountpoint="/",device="vdb"}': 5,
          },
        ];
      },
    ),
    ...(
      [
        [600, 600],
        [0, undefined],
        [-5, undefined],
        ['1.8446744073707467e+19', undefined],
        ['NaN', undefined],
      ] as const
    ).map(([bytes, expected]): [string, string, Record<string, number>] => [
      `overhead: ${bytes}`,
      `go_info 1\nkata_shim_pod_overhead_memory_in_bytes ${bytes}\n`,
      expected === undefined ? {} : { kata_sandbox_overhead_memory_bytes: expected },
    ]),
    [
      'runnable tasks are not all tasks',
      'kata_guest_tasks{item="cur"} 1\nkata_guest_tasks{item="max"} 9\n',
      { kata_sandbox_tasks: 9 },
    ],
  ])('%s', (_what, body, values) => {
    expect(valuesOf(body)).toEqual(values);
  });

  it('is the same when computed with the layout of another body', () => {
    const bodyOf = (total: string, available: string, sent: string): string =>
      `# TYPE kata_guest_meminfo gauge\n${memory('mem_total', total)}${memory('mem_available', available)}` +
      `# TYPE kata_guest_netdev_stat gauge\n${net('eth0', 'sent_bytes', sent)}`;
    const first = scan(Buffer.from(bodyOf('10', '4', '7')));
    const layout = runToEnd(layOutDerived(first, false));
    const cases: readonly [string, string, string][] = [
      ['10', '4', '7'],
      ['9', '3', '1'],
      ['12345678901', '12', 'NaN'],
      ['3', '9', '1e+06'],
      ['8', '8', '0'],
    ];
    for (const values of cases) {
      const other = scan(Buffer.from(bodyOf(...values)), { form: first.form });
      expect(other.form).toBe(first.form);
      expect(print(runToEnd(computeDerived(layout, other)))).toBe(deriveText(bodyOf(...values)));
    }
  });
});

describe('a truncated body', () => {
  const status = (process: string): string => `kata_${process}_proc_status{item="vmrss"} 5\n`;
  const rest = 'process_open_fds 9\nx 1\n';

  it.each<[string, string, number | undefined]>([
    [
      'has no virtiofsd: it may have been cut off',
      `go_info 1\n${status('hypervisor')}${status('shim')}x 1\n`,
      undefined,
    ],
    ['has all families of the host', `go_info 1\n${status('hypervisor')}${status('shim')}${rest}`, 10],
    [
      'has all families of the host, virtiofsd included',
      `go_info 1\n${status('hypervisor')}${status('shim')}${status('virtiofsd')}${rest}`,
      15,
    ],
    ['of runtime-rs, where the shim comes last', `${status('shim')}x 1\n`, undefined],
  ])('%s', (_what, body, bytes) => {
    expect(valuesOf(body, true)['kata_sandbox_host_memory_bytes']).toBe(bytes);
  });
});

describe('the catalog', () => {
  it('has exactly the families that are derived, and counters by name are counters by type', async () => {
    const tree = join(fixtures, 'procfs/6.12');
    const [pid = 0] = pidsOf(tree);
    const { 'kata-shim': body } = await makeBodies({ tree, hypervisorPid: pid, virtiofsdPid: pid, shimPid: pid });
    const filesystem = ['total', 'available'].map(
      (item) => `kata_guest_filesystem_bytes{mount="/",device="a",item="${item}"} 1\n`,
    );
    const names = new Set(
      Object.keys(valuesOf(`${body}${filesystem.join('')}kata_shim_pod_overhead_memory_in_bytes 5\n`)).map(
        (series) => series.split('{', 1)[0],
      ),
    );
    const inCatalog = (Object.keys(catalog) as FamilyName[]).filter(
      (name) => / from kata_|from their/.test(catalog[name].help) && name.startsWith('kata_sandbox_'),
    );
    expect([...names].sort()).toEqual(inCatalog.sort());
    const counters = inCatalog.filter((name) => catalog[name].type === 'counter');
    expect(counters).toEqual(inCatalog.filter((name) => name.endsWith('_total')));
  });
});
