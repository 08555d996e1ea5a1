import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeFileTree } from '../../../test/support/file-tree.ts';
import { canMakeCgroup } from '../../../test/support/own-cgroup.ts';
import { waitUntil } from '../../../test/support/processes.ts';
import {
  type CgroupHierarchy,
  cgroupDirectory,
  createProcfs,
  findCgroupHierarchy,
  readMountinfo,
} from '../../procfs/index.ts';
import { StatsContainerResponseSchema } from '../../proto/index.ts';
import { ContainerFinder } from './find-container.ts';
import { createStatsContainer } from './stats-container.ts';

const ID = 'c0ffee'.repeat(10);

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'km-'));
});

afterEach(() => rm(folder, { recursive: true }));

const NET_DEV = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:  1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1
  eth0:  9223372036854775807 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
`;

const V2_FILES = {
  'cgroup.procs': '7\n8\n',
  'cpu.stat':
    'usage_usec 9007199254740993\nuser_usec 5\nsystem_usec 6\nnr_periods 1\nnr_throttled 2\nthrottled_usec 3\n',
  'memory.current': '1000\n',
  'memory.peak': '2000\n',
  'memory.max': 'max\n',
  'memory.events': 'low 0\nhigh 0\nmax 4\noom 0\n',
  'memory.swap.current': '10\n',
  'memory.swap.max': '20\n',
  'memory.stat': 'anon 600\nfile 300\nkernel 100\ninactive_file 200\nsome_new_key 9223372036854775807\n',
  'pids.current': '2\n',
  'pids.max': 'max\n',
  'io.stat': '8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n',
  'hugetlb.2MB.current': '2097152\n',
  'hugetlb.2MB.events': 'max 1\n',
};

const MAX_U64 = 2n ** 64n - 1n;
const entry = (op: string, value: bigint, major = 8n, minor = 0n) => ({ major, minor, op, value });

const V2_STATS = {
  cpuStats: {
    cpuUsage: { totalUsage: 9007199254740993000n, usageInKernelmode: 6000n, usageInUsermode: 5000n },
    throttlingData: { periods: 1n, throttledPeriods: 2n, throttledTime: 3000n },
  },
  memoryStats: {
    cache: 300n,
    usage: { usage: 1000n, maxUsage: 2000n, failcnt: 4n, limit: MAX_U64 },
    swapUsage: { usage: 10n, limit: 20n },
    kernelUsage: { usage: 100n },
    useHierarchy: true,
    stats: { anon: 600n, file: 300n, kernel: 100n, inactive_file: 200n, some_new_key: 2n ** 63n - 1n },
  },
  pidsStats: { current: 2n, limit: 0n },
  blkioStats: {
    ioServiceBytesRecursive: [entry('Read', 1n), entry('Write', 2n), entry('Discard', 5n)],
    ioServicedRecursive: [entry('Read', 3n), entry('Write', 4n), entry('Discard', 6n)],
  },
  hugetlbStats: { '2MB': { usage: 2097152n, failcnt: 1n } },
};

const V1_FILES = {
  'cpu,cpuacct': {
    'cgroup.procs': '7\n',
    'cpuacct.usage': '9223372036854775807\n',
    'cpuacct.usage_percpu': '1 2 3 \n',
    'cpuacct.usage_user': '11\n',
    'cpuacct.usage_sys': '12\n',
    'cpuacct.stat': 'user 1\nsystem 2\n',
    'cpu.stat': 'nr_periods 1\nnr_throttled 2\nthrottled_time 3\n',
  },
  memory: {
    'cgroup.procs': '7\n',
    'memory.usage_in_bytes': '1000\n',
    'memory.max_usage_in_bytes': '2000\n',
    'memory.failcnt': '3\n',
    'memory.limit_in_bytes': '9223372036854771712\n',
    'memory.memsw.usage_in_bytes': '1010\n',
    'memory.kmem.usage_in_bytes': '100\n',
    'memory.use_hierarchy': '1\n',
    'memory.stat': 'cache 300\nrss 600\ntotal_inactive_file 200\n',
  },
  pids: { 'pids.current': '2\n', 'pids.max': '100\n' },
  blkio: {
    'blkio.throttle.io_service_bytes_recursive': '8:0 Read 1\n8:0 Total 1\nTotal 1\n',
    'blkio.io_serviced_recursive': 'Total 0\n',
    'blkio.throttle.io_serviced_recursive': '8:16 Write 4\nTotal 4\n',
    'blkio.time_recursive': '8:0 77\n',
  },
  hugetlb: {
    'hugetlb.1GB.usage_in_bytes': '1\n',
    'hugetlb.1GB.max_usage_in_bytes': '2\n',
    'hugetlb.1GB.failcnt': '3\n',
  },
};

const V1_STATS = {
  cpuStats: {
    cpuUsage: {
      totalUsage: 2n ** 63n - 1n,
      percpuUsage: [1n, 2n, 3n],
      usageInKernelmode: 12n,
      usageInUsermode: 11n,
    },
    throttlingData: { periods: 1n, throttledPeriods: 2n, throttledTime: 3n },
  },
  memoryStats: {
    cache: 300n,
    usage: { usage: 1000n, maxUsage: 2000n, failcnt: 3n, limit: 9223372036854771712n },
    swapUsage: { usage: 1010n },
    kernelUsage: { usage: 100n },
    useHierarchy: true,
    stats: { cache: 300n, rss: 600n, total_inactive_file: 200n },
  },
  pidsStats: { current: 2n, limit: 100n },
  blkioStats: {
    ioServiceBytesRecursive: [entry('Read', 1n), entry('Total', 1n)],
    ioServicedRecursive: [entry('Write', 4n, 8n, 16n)],
    ioTimeRecursive: [entry('', 77n)],
  },
  hugetlbStats: { '1GB': { usage: 1n, maxUsage: 2n, failcnt: 3n } },
};

/** Makes one cgroup of v2 at `path`. */
function makeV2(path: string, files: Readonly<Record<string, string>> = V2_FILES): CgroupHierarchy {
  writeFileTree(join(folder, 'cgroup', path), files);
  return { kind: 'v2', root: join(folder, 'cgroup') };
}

function makeV1(path: string): CgroupHierarchy {
  const controllers = Object.entries(V1_FILES);
  for (const [mount, files] of controllers) {
    writeFileTree(join(folder, mount, path), files);
  }
  return {
    kind: 'v1',
    roots: new Map(
      controllers.flatMap(([mount]) =>
        mount.split(',').map((controller): [string, string] => [controller, join(folder, mount)]),
      ),
    ),
  };
}

function ask(hierarchy: CgroupHierarchy | undefined, told: Readonly<Record<string, string>> = {}) {
  const procfs = createProcfs(join(folder, 'proc'));
  const finder = hierarchy && new ContainerFinder(hierarchy, new Map(Object.entries(told)));
  const statsContainer = createStatsContainer({ procfs, hierarchy, finder });
  return async (id: string) => create(StatsContainerResponseSchema, await statsContainer(id));
}

const expected = (init: MessageInitShape<typeof StatsContainerResponseSchema>) =>
  create(StatsContainerResponseSchema, { networkStats: [], ...init });

describe('StatsContainer', () => {
  it.each([
    ['v2', () => makeV2(`/kubepods/pod1/${ID}`), V2_STATS],
    ['v1', () => makeV1(`/kubepods/pod1/${ID}`), V1_STATS],
  ])('gives all that a cgroup of %s has', async (_, make, stats) => {
    expect(await ask(make())(ID)).toEqual(expected({ cgroupStats: stats }));
  });

  it.each([
    ['its id', `/${ID}`],
    ['its id, deep down', `/a/b/c/d/${ID}`],
    ["a scope of systemd's", `/system.slice/cri-containerd-${ID}.scope`],
  ])('finds a cgroup by %s', async (_, path) => {
    const stats = await ask(makeV2(path))(ID);
    expect(stats.cgroupStats?.pidsStats?.current).toBe(2n);
  });

  it('uses the cgroup of its list', async () => {
    makeV2(`/${ID}`, { 'cgroup.procs': '', 'pids.current': '99\n' });
    const stats = await ask(makeV2('/apps/web'), { [ID]: '/apps/web' })(ID);
    expect(stats.cgroupStats?.pidsStats?.current).toBe(2n);
  });

  it('follows a container that was made anew elsewhere', async () => {
    const stats = ask(makeV2(`/a/${ID}`));
    await stats(ID);
    await rm(join(folder, 'cgroup/a'), { recursive: true });
    await expect(stats(ID)).rejects.toMatchObject({ name: 'TtrpcError', code: 3 });
    makeV2(`/b/${ID}`);
    expect((await stats(ID)).cgroupStats?.pidsStats?.current).toBe(2n);
  });

  it('gives what is there of a cgroup with few controllers', async () => {
    const stats = await ask(makeV2(`/${ID}`, { 'cgroup.procs': '', 'cpu.stat': 'usage_usec 3\n' }))(ID);
    expect(stats.cgroupStats?.cpuStats?.cpuUsage?.totalUsage).toBe(3000n);
    expect(stats.cgroupStats?.memoryStats).toMatchObject({ stats: {} });
    // A 0 would be a value.
    expect(stats.cgroupStats?.memoryStats?.usage).toBeUndefined();
  });

  it('gives the network of its first process, without the loopback', async () => {
    writeFileTree(folder, { 'proc/7/net/dev': NET_DEV, 'proc/net/dev': NET_DEV.replace('eth0', 'eth9') });
    const hierarchy = makeV2(`/${ID}`);
    expect((await ask(hierarchy)(ID)).networkStats).toMatchObject([
      {
        name: 'eth0',
        rxBytes: 2n ** 63n - 1n,
        rxPackets: 2n,
        rxErrors: 3n,
        rxDropped: 4n,
        txBytes: 9n,
        txPackets: 10n,
        txErrors: 11n,
        txDropped: 12n,
      },
    ]);
    await rm(join(folder, 'proc/7'), { recursive: true });
    expect((await ask(hierarchy)(ID)).networkStats).toMatchObject([{ name: 'eth9' }]);
  });

  it.each([
    ['an id that no container has', 'none', 3],
    ['nothing', '', 3],
    ['a path', '../../etc', 3],
    ['a longer id', 'a'.repeat(129), 3],
  ])('refuses %s', async (_, id, code) => {
    await expect(ask(makeV2(`/${ID}`))(id)).rejects.toMatchObject({ name: 'TtrpcError', code });
  });

  it('knows no container where there are no cgroups', async () => {
    await expect(ask(undefined)(ID)).rejects.toMatchObject({ name: 'TtrpcError', code: 3 });
  });

  it('gives up in a jungle of cgroups', async () => {
    makeV2('/a/b');
    const finder = new ContainerFinder(makeV2('/c'), new Map(), 2);
    await expect(finder.find('none')).rejects.toThrow('Cannot find container "none": there are more than 2 cgroups');
  });
});

const hierarchy = findCgroupHierarchy((await readMountinfo(createProcfs(), 'self')) ?? []);
const directories = [
  ...new Set(
    ['cpu', 'cpuacct', 'memory', 'pids'].flatMap(
      (controller) => (hierarchy && cgroupDirectory(hierarchy, controller, '/')?.root) ?? [],
    ),
  ),
];

describe.skipIf(!(await canMakeCgroup()))('StatsContainer of a real cgroup', () => {
  const id = `km-real-${process.pid}`;
  const paths = directories.map((directory) => join(directory, id));

  afterEach(async () => {
    for (const path of paths) {
      await waitUntil(() =>
        rmdir(path).then(
          () => true,
          (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
        ),
      );
    }
  });

  it('sees what its process uses', async () => {
    for (const path of paths) {
      await mkdir(path);
    }
    // Burns CPU when a line comes, and then waits for another.
    const child = spawn('/bin/sh', ['-c', 'read _; i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo; read _'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    for (const path of paths) {
      await writeFile(join(path, 'cgroup.procs'), String(child.pid));
    }
    const statsContainer = createStatsContainer({
      procfs: createProcfs(),
      hierarchy,
      finder: hierarchy && new ContainerFinder(hierarchy, new Map()),
    });
    const read = async () => create(StatsContainerResponseSchema, await statsContainer(id)).cgroupStats;
    const before = await read();
    child.stdin.write('go\n');
    await once(child.stdout, 'data');
    const after = await read();
    const ended = once(child, 'exit');
    child.stdin.end();
    await ended;
    const usage = (stats: typeof before) => stats!.cpuStats!.cpuUsage!.totalUsage;
    expect(usage(after) - usage(before)).toBeGreaterThan(1_000_000n);
    expect(Object.keys(after!.memoryStats!.stats).length).toBeGreaterThan(hierarchy!.kind === 'v1' ? 20 : 0);
  });
});
