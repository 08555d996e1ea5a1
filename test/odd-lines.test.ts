/**
 * One odd line costs one line, from files to metrics: over a whole tree of /proc, and over containers of cgroup v1 and v2, an
 * odd line in any file leaves all else as it was, an odd file of one line is as good as none, and a file that cannot be
 * opened costs nothing but itself.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, toJson } from '@bufbuild/protobuf';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ContainerFinder } from '../src/agent/containers/find-container.ts';
import { createStatsContainer } from '../src/agent/containers/stats-container.ts';
import { createGuestCollectors } from '../src/agent/guest-collectors.ts';
import { collectFamilies, collectOwnProcess } from '../src/collectors/index.ts';
import { encodeText } from '../src/exposition/index.ts';
import { type CgroupHierarchy, createProcfs, SkippedLines } from '../src/procfs/index.ts';
import { StatsContainerResponseSchema } from '../src/proto/index.ts';
import { makeSandboxCgroup } from '../src/shim/overhead/sandbox-cgroup.ts';
import { readSandboxUse } from '../src/shim/overhead/sandbox-use.ts';
import { collectHostProcess } from '../src/shim/processes/host-processes.ts';
import { writeFileTree } from './support/file-tree.ts';

const fixture = join(import.meta.dirname, 'fixtures/procfs/6.12');
/** The process of the tree that is `self` there. */
const PID = 162;

const oddLines: readonly [kind: string, line: Buffer][] = [
  ['words', Buffer.from('what is this')],
  ['a NUL', Buffer.from('a\0b 1')],
  ['a name alone', Buffer.from('odd:')],
  ['a negative number', Buffer.from('Threads: -5')],
  ['a number that has wrapped below zero', Buffer.from('VmRSS: 18446744073709551615 kB')],
  ['a huge number', Buffer.from(`odd ${'9'.repeat(300)}`)],
  ['an unknown device', Buffer.from('(unknown) rbytes=0 wbytes=0 rios=0 wios=0 dbytes=0 dios=0')],
  ['bytes that are not UTF-8', Buffer.from([0xff, 0xfe, 0x3a, 0x20, 0x78])],
  ['a long line', Buffer.alloc(2_000, 'x')],
  ['the table of old kernels', Buffer.from('Mem:  260579328 136073216 124506112 0')],
];

let root: string;
let messages: string[];
let skipped: SkippedLines;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'km-odd-'));
  messages = [];
  skipped = new SkippedLines((message) => messages.push(message));
});
afterEach(() => rmSync(root, { recursive: true }));

/** Puts a line at the end of a file, which may have no line feed there. */
function append(path: string, line: Buffer): void {
  const text = readFileSync(path, 'latin1').replace(/\n?$/, '\n');
  writeFileSync(path, Buffer.concat([Buffer.from(text, 'latin1'), line, Buffer.from('\n')]));
}

/** As the second line, after headings. */
function insertThird(path: string, line: Buffer): void {
  const lines = readFileSync(path, 'latin1').split('\n');
  const whole = [...lines.slice(0, 2), line.toString('latin1'), ...lines.slice(2)].join('\n');
  writeFileSync(path, Buffer.from(whole, 'latin1'));
}

/** Reading a directory fails for everybody, root too: EISDIR stands for EIO, EACCES and the like. */
function makeUnreadable(path: string): void {
  rmSync(path, { force: true });
  mkdirSync(path);
}

const MANY_LINES = [
  'diskstats',
  'meminfo',
  'net/dev',
  'stat',
  'vmstat',
  'self/io',
  'self/limits',
  'self/mountinfo',
  'self/status',
];
const ONE_LINE = ['loadavg', 'uptime', 'self/stat'];

describe('the metrics of a guest', () => {
  beforeEach(() => cpSync(fixture, root, { recursive: true, verbatimSymlinks: true }));

  const collect = async (): Promise<string> => {
    const context = { procfs: createProcfs(root, skipped), pageSizeBytes: 4096 };
    // The tree's mounts are those of this machine or none: they are tested on their own.
    const collectors = createGuestCollectors().filter(({ name }) => name !== 'guest-filesystem');
    const { families } = await collectFamilies(collectors, context);
    return encodeText(families).toString();
  };

  describe.each(MANY_LINES)('with an odd line in %s', (path) => {
    it.each(oddLines)('%s', async (_kind, line) => {
      const before = await collect();
      expect(messages).toEqual([]);
      append(join(root, path), line);
      expect(await collect()).toBe(before);
      insertThird(join(root, path), line);
      expect(await collect()).toBe(before);
    });
  });

  describe.each(ONE_LINE)('with an odd %s', (path) => {
    it.each(oddLines)('%s', async (_kind, line) => {
      rmSync(join(root, path));
      const without = await collect();
      writeFileSync(join(root, path), line);
      expect(await collect()).toBe(without);
      expect(skipped.counts().get(path)).toBeGreaterThan(0);
      expect(messages).toHaveLength(1);
    });
  });

  it.each([...MANY_LINES, ...ONE_LINE])(
    'with a %s that cannot be read, or is empty, are as without it',
    async (path) => {
      rmSync(join(root, path));
      const without = await collect();
      makeUnreadable(join(root, path));
      expect(await collect()).toBe(without);
      rmSync(join(root, path), { recursive: true });
      writeFileSync(join(root, path), '');
      expect(await collect()).toBe(without);
      expect(without).not.toBe('');
    },
  );
});

describe('the metrics of a process of the host', () => {
  beforeEach(() => cpSync(fixture, root, { recursive: true, verbatimSymlinks: true }));

  const startTimeTicks = readFileSync(join(fixture, `${PID}/stat`), 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')[19]!;
  const collect = async (): Promise<ReadonlyMap<string, string>> => {
    const procfs = createProcfs(root, skipped);
    const { families } = await collectHostProcess(
      procfs,
      { prefix: 'kata_shim_', pid: PID, startTimeTicks },
      () => () => true,
    );
    const own = await collectFamilies([{ name: 'own', collect: collectOwnProcess }], {
      procfs,
      prefix: 'kata_shim_',
      pageSizeBytes: 4096,
    } as const);
    return new Map([...families, ...own.families].map((family) => [family.name, encodeText([family]).toString()]));
  };

  /** Families that come from each file. `self` is the same process. */
  const familiesOf: Readonly<Record<string, readonly string[]>> = {
    [`${PID}/stat`]: [
      'kata_shim_threads',
      'kata_shim_proc_stat',
      'kata_shim_process_cpu_seconds_total',
      'kata_shim_process_resident_memory_bytes',
      'kata_shim_process_start_time_seconds',
      'kata_shim_process_virtual_memory_bytes',
    ],
    [`${PID}/status`]: ['kata_shim_proc_status'],
    [`${PID}/io`]: ['kata_shim_io_stat'],
    [`${PID}/net/dev`]: ['kata_shim_netdev'],
    'self/limits': ['kata_shim_process_max_fds', 'kata_shim_process_virtual_memory_max_bytes'],
    stat: ['kata_shim_process_start_time_seconds'],
  };

  const manyLines = Object.keys(familiesOf).filter((path) => path !== `${PID}/stat`);
  it.each(manyLines)('with an odd line in %s are the same', async (path) => {
    const before = await collect();
    append(join(root, path), Buffer.from('odd'));
    expect(await collect()).toEqual(before);
  });

  it.each(Object.entries(familiesOf))('with a %s that cannot be read are the others', async (path, families) => {
    const before = await collect();
    makeUnreadable(join(root, path));
    const after = await collect();
    expect([...before.keys()].filter((name) => !after.has(name)).toSorted()).toEqual(families.toSorted());
    expect([...after].every(([name, text]) => before.get(name) === text)).toBe(true);
  });
});

const ID = 'c0ffee'.repeat(10);

const v2Files: Readonly<Record<string, string>> = {
  'cgroup.procs': '7\n8\n',
  'cpu.stat': 'usage_usec 11\nuser_usec 5\nsystem_usec 6\nnr_periods 1\nnr_throttled 2\nthrottled_usec 3\n',
  'memory.current': '1000\n',
  'memory.peak': '2000\n',
  'memory.max': '3000\n',
  'memory.events': 'low 0\nhigh 0\nmax 4\noom 0\n',
  'memory.swap.current': '10\n',
  'memory.swap.peak': '30\n',
  'memory.swap.max': '20\n',
  'memory.swap.events': 'high 0\nmax 0\nfail 5\n',
  'memory.stat': 'anon 600\nfile 300\nkernel 100\ninactive_file 200\n',
  'pids.current': '2\n',
  'pids.max': '100\n',
  'io.stat': '8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n254:0 rbytes=7 wbytes=8\n',
  'hugetlb.2MB.current': '2097152\n',
  'hugetlb.2MB.events': 'max 1\n',
};

const usage = (name: string): Record<string, string> => ({
  [`${name}.usage_in_bytes`]: '1000\n',
  [`${name}.max_usage_in_bytes`]: '2000\n',
  [`${name}.failcnt`]: '3\n',
  [`${name}.limit_in_bytes`]: '3000\n',
});

const v1Files: Readonly<Record<string, string>> = {
  'cgroup.procs': '7\n8\n',
  'cpuacct.usage': '23\n',
  'cpuacct.usage_percpu': '1 2 3 \n',
  'cpuacct.usage_user': '11\n',
  'cpuacct.usage_sys': '12\n',
  'cpuacct.stat': 'user 1\nsystem 2\n',
  'cpu.stat': 'nr_periods 1\nnr_throttled 2\nthrottled_time 3\n',
  ...usage('memory'),
  ...usage('memory.memsw'),
  ...usage('memory.kmem'),
  ...usage('hugetlb.2MB'),
  'memory.use_hierarchy': '1\n',
  'memory.stat': 'cache 300\nrss 600\ntotal_inactive_file 200\n',
  'pids.current': '2\n',
  'pids.max': '100\n',
  'blkio.throttle.io_service_bytes_recursive': '8:0 Read 1\n8:0 Write 2\nTotal 3\n',
  'blkio.throttle.io_serviced_recursive': '8:16 Write 4\nTotal 4\n',
  'blkio.time_recursive': '8:0 77\n',
};

const CONTROLLERS = ['blkio', 'cpu', 'cpuacct', 'hugetlb', 'memory', 'pids'];
/** Files with one line. All others have many. */
const isValue = (name: string): boolean =>
  !/\.(?:stat|events|procs)$|^blkio/.test(name) && name !== 'cpuacct.usage_percpu';

describe.each([
  ['v2', v2Files],
  ['v1', v1Files],
] as const)('a cgroup of %s', (kind, files) => {
  let hierarchy: CgroupHierarchy;
  let directory: string;
  beforeEach(() => {
    const mount = join(root, 'cgroup');
    directory = join(mount, ID);
    hierarchy =
      kind === 'v2' ? { kind, root: mount } : { kind, roots: new Map(CONTROLLERS.map((name) => [name, mount])) };
    writeFileTree(directory, files);
  });

  const ask = async () => {
    const finder = new ContainerFinder(hierarchy, new Map());
    const statsContainer = createStatsContainer({
      procfs: createProcfs(join(root, 'proc'), skipped),
      hierarchy,
      finder,
    });
    return toJson(StatsContainerResponseSchema, create(StatsContainerResponseSchema, await statsContainer(ID)));
  };

  describe.each(Object.keys(files).filter((name) => !isValue(name)))('with an odd line in %s', (name) => {
    it.each(oddLines)('%s', async (_kind, line) => {
      const before = await ask();
      expect(messages).toEqual([]);
      writeFileSync(
        join(directory, name),
        Buffer.concat([line, Buffer.from('\n'), readFileSync(join(directory, name))]),
      );
      const after = await ask();
      if (name === 'cpuacct.usage_percpu') {
        // Its place says which CPU a number is of.
        rmSync(join(directory, name));
        expect(after).toEqual(await ask());
      } else {
        expect(after).toEqual(before);
      }
      expect(skipped.counts().get(name)).toBeGreaterThan(0);
      expect(messages).toEqual([expect.stringContaining(`Skipped a line of "${name}": `)]);
    });
  });

  describe.each(Object.keys(files).filter(isValue))('with an odd %s', (name) => {
    it.each([...oddLines, ['nothing', Buffer.alloc(0)] as const, ['a word', Buffer.from('minus')] as const])(
      '%s',
      async (_kind, line) => {
        rmSync(join(directory, name));
        const without = await ask();
        writeFileSync(join(directory, name), line);
        expect(await ask()).toEqual(without);
        expect(skipped.counts().get(name)).toBeGreaterThan(0);
      },
    );
  });

  it.each(Object.keys(files).filter((name) => name !== 'cgroup.procs'))(
    'with a %s that cannot be read is as without it',
    async (name) => {
      rmSync(join(directory, name));
      const without = await ask();
      makeUnreadable(join(directory, name));
      expect(await ask()).toEqual(without);
      expect(messages).toEqual([expect.stringMatching(/^Cannot read ".*": EISDIR/)]);
    },
  );

  const cpuFile = kind === 'v2' ? 'cpu.stat' : 'cpuacct.usage';
  const memoryFile = kind === 'v2' ? 'memory.current' : 'memory.usage_in_bytes';
  it.each([
    ['18446744073709551615', cpuFile, 'memory'],
    ['-4096', memoryFile, 'cpu'],
    ['what is this', memoryFile, 'cpu'],
    ['what is this', cpuFile, 'memory'],
  ])('with %s in %s has the rest of the overhead', async (text, name, left) => {
    const own = kind === 'v2' ? [{ controllers: [], path: '/' }] : [{ controllers: CONTROLLERS, path: '/' }];
    const cgroup = makeSandboxCgroup({ hierarchy, own, sandboxId: 'x', directoryPath: '/run/x', skipped });
    writeFileTree(cgroup.directories[0]!, { ...files, 'cgroup.procs': '' });
    const use = () => readSandboxUse({ procfs: createProcfs(join(root, 'proc')), processes: [{ pid: 9 }], cgroup });
    writeFileTree(root, { 'proc/9/stat': 'odd', 'proc/9/status': 'VmRSS: 1 kB\n' });
    const inside = await cgroup.readUse();
    expect(inside).toMatchObject({ memoryBytes: 1000, cpuMs: expect.any(Map) });
    writeFileTree(cgroup.directories[0]!, { [name]: `${text}\n` });
    const odd = await cgroup.readUse();
    expect(odd.memoryBytes).toBe(left === 'memory' ? 1000 : undefined);
    expect(odd.cpuMs).toEqual(left === 'cpu' ? inside.cpuMs : undefined);
    // Never both for the same process, and never without one that is not known.
    expect((await use()).cpuMs).toBeUndefined();
  });
});
