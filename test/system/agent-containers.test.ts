/**
 * The agent's part of a runtime, without one: every call about sandboxes, containers and processes goes from this test to an
 * agent in a virtual machine. One machine for all cases.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IPFamily } from '../../src/runtime-proto/index.ts';
import { Code } from '../../src/ttrpc/index.ts';
import { AgentContainers, sh } from '../support/agent-containers.ts';
import { GUEST_MAC_ADDRESS, type GuestRun, runInGuest } from '../support/guest-run.ts';
import { waitUntil } from '../support/processes.ts';
import { provideGuest } from '../support/provide-guest.ts';
import { missingPackages } from '../support/requirements.ts';

const missing = missingPackages(['qemu-system-x86', 'busybox-static', 'erofs-utils', 'binutils']);
const title = `containers of an agent${missing.length === 0 ? '' : ` (needs ${missing.join(', ')})`}`;

const MIB = 1024 * 1024;
const BOOT_MS = 300_000;
/** Of a case in which a guest on a machine with other work does much. */
const CASE_MS = 300_000;
/**
 * Lists what the guest has for containers, as lines of a count and a name. Threads of the kernel, which come and go by themselves,
 * have no program; the shell looks for programs by itself, because it would count what it starts for that.
 */
const COUNT = `
processes=0
for each in /proc/[0-9]*/exe; do [ ! -e $each ] || processes=$((processes + 1)); done
echo "$processes processes"
busybox ls -l /proc/$(busybox pidof node)/fd | busybox sed 's/.*-> //; s/[0-9]*]$//' | busybox sort | busybox uniq -c
echo "$(busybox grep -c /run/roots/ /proc/1/mounts) mounts"
echo "$(busybox ls /cgroup/kata | busybox grep -c '^c-') cgroups"`;

function toCounts(text: string): Map<string, number> {
  return new Map([...text.matchAll(/^ *(\d+) (.+)$/gm)].map(([, count, name]) => [name!, Number(count)]));
}

describe.skipIf(missing.length > 0)(title, () => {
  let guest: GuestRun;
  let containers: AgentContainers;

  beforeAll(async () => {
    guest = await runInGuest(await provideGuest(), { hasRuntimePort: true });
    await guest.waitForSocket();
    // The session begins when the agent listens, however long the guest boots.
    const connect = (): Promise<AgentContainers> =>
      AgentContainers.connect({ kind: 'serial+unix', path: guest.runtimeSocketPath }).catch(connect);
    containers = await connect();
    await containers.agent.call('createSandbox', {
      sandboxId: 'pod',
      hostname: 'pod-name',
      dns: ['nameserver 10.0.0.1'],
    });
    await containers.start('probe', { args: sh('busybox sleep 100000'), isPrivileged: true });
  }, BOOT_MS);

  afterAll(async () => {
    containers?.agent.close();
    await guest?.stop();
  });

  let execs = 0;
  /** What a script writes that sees the guest's own processes and cgroups. */
  const probe = async (script: string): Promise<string> => {
    execs += 1;
    return (await containers.exec('probe', `probe-${execs}`, { args: sh(script) })).stdout;
  };

  it('has the host name of its sandbox, its own processes, and only its own files', async () => {
    const { stdout, stderr, status } = await containers.run('c-own', {
      args: sh('busybox hostname; echo $$; busybox ls /; busybox touch /bin/x'),
    });
    expect(stdout).toBe('pod-name\n1\nbin\ndev\nproc\n');
    expect([stderr, status]).toEqual(['touch: /bin/x: Read-only file system\n', 1]);
  });

  it('lists the network of its sandbox', async () => {
    const { interfaces } = await containers.agent.call('listInterfaces', {});
    expect(interfaces.find(({ name }) => name === 'lo')).toMatchObject({
      mtu: 65_536n,
      ipAddresses: expect.arrayContaining([expect.objectContaining({ address: '127.0.0.1', mask: '8' })]),
    });
    expect((await containers.agent.call('listRoutes', {})).routes).toEqual([]);
  });

  it('takes files in pieces, for a host that shares none', async () => {
    const file = { path: '/run/kata-containers/copied', fileSize: 6n, fileMode: 0o100644, dirMode: 0o755 };
    await containers.agent.call('copyFile', { ...file, data: Buffer.from('one ') });
    await containers.agent.call('copyFile', { ...file, data: Buffer.from('2\n'), offset: 4n });
    expect(await probe('busybox cat /proc/1/root/run/kata-containers/copied')).toBe('one 2\n');
    const elsewhere = containers.agent.call('copyFile', { ...file, path: '/bin/copied' });
    await expect(elsewhere).rejects.toMatchObject({ code: Code.invalidArgument });
  });

  it('share processes where the host says so, and end with their first', async () => {
    await containers.start('c-shared-1', { args: sh('(busybox sleep 4321 &); read -r _'), hasSharedPids: true });
    await containers.start('c-shared-2', { args: sh('busybox sleep 100000'), hasSharedPids: true });
    const list = async () =>
      (await containers.exec('c-shared-2', `list-${execs++}`, { args: sh('busybox ps') })).stdout;
    await expect.poll(list, { timeout: 60_000 }).toContain('sleep 4321');
    expect(await list()).not.toContain('agent');
    await containers.agent.call('closeStdin', { containerId: 'c-shared-1', execId: 'c-shared-1' });
    await containers.agent.wait('waitProcess', { containerId: 'c-shared-1', execId: 'c-shared-1' });
    await expect.poll(list, { timeout: 60_000 }).not.toContain('sleep 4321');
    await containers.remove('c-shared-1');
    await containers.remove('c-shared-2');
  });

  it('keeps standard output and standard error apart, and can open them by name', async () => {
    const args = sh('echo one; echo two >/dev/stderr; echo three >/dev/stdout; exit 7');
    expect(await containers.run('c-streams', { args })).toEqual({ status: 7, stdout: 'one\nthree\n', stderr: 'two\n' });
  });

  it('gives no output before it is started', async () => {
    await containers.create('c-late', { args: sh('echo started') });
    const end = containers.collect('c-late');
    expect(await probe('busybox cat /cgroup/kata/c-late/cgroup.procs | busybox wc -l')).toBe('1\n');
    await containers.agent.call('startContainer', { containerId: 'c-late' });
    expect(await end).toEqual({ status: 0, stdout: 'started\n', stderr: '' });
    await containers.remove('c-late');
  });

  describe('with a container that stays', () => {
    const id = 'c-stays';

    beforeAll(async () => {
      await containers.start(id, { args: sh('while read -r line; do echo "got $line"; done'), resources: {} });
    });

    it('takes input and its end, however many bytes', async () => {
      const input = Buffer.from(Array.from({ length: 200_000 }, (_, index) => 97 + (index % 26)));
      const { stdout, status } = await containers.exec(id, 'input', { args: ['/bin/busybox', 'cat'] }, input);
      expect([status, stdout === input.toString()]).toEqual([0, true]);
    });

    it('runs a process as the user, in the directory, with the variables and limits that it was given', async () => {
      const end = await containers.exec(id, 'user', {
        args: sh('busybox id -u; busybox id -G; busybox pwd; echo $WORD; ulimit -n'),
        user: { uid: 1000, gid: 1001, additionalGids: [1002] },
        cwd: '/proc',
        env: ['PATH=/bin', 'WORD=a b'],
        rlimits: [{ type: 'RLIMIT_NOFILE', soft: 100n, hard: 100n }],
      });
      expect(end).toEqual({ status: 0, stdout: '1000\n1001 1002\n/proc\na b\n100\n', stderr: '' });
    });

    it('gives a process a terminal of the size that was set', async () => {
      await containers.startExec(id, 'tty', { args: sh('read -r _; busybox tty; busybox stty size'), terminal: true });
      await containers.agent.call('ttyWinResize', { containerId: id, execId: 'tty', row: 33, column: 101 });
      await containers.agent.wait('writeStdin', { containerId: id, execId: 'tty', data: Buffer.from('go\n') });
      const { stdout, stderr, status } = await containers.collect(id, 'tty');
      expect([stdout.replaceAll('\r', ''), stderr, status]).toEqual(['go\n/dev/pts/0\n33 101\n', '', 0]);
    });

    it.each([
      ['TERM', 15],
      ['KILL', 9],
    ])('passes SIG%s on, and gives 128 and its number as the status', async (name, signal) => {
      await containers.startExec(id, name, { args: ['/bin/busybox', 'sleep', '100000'] });
      await containers.agent.call('signalProcess', { containerId: id, execId: name, signal });
      expect(await containers.collect(id, name)).toEqual({ status: 128 + signal, stdout: '', stderr: '' });
    });

    it('tells every call that waits of the end', async () => {
      await containers.startExec(id, 'shared', { args: sh('read -r _; exit 3') });
      const waits = Array.from({ length: 3 }, () =>
        containers.agent.wait('waitProcess', { containerId: id, execId: 'shared' }),
      );
      await containers.agent.call('closeStdin', { containerId: id, execId: 'shared' });
      expect((await Promise.all(waits)).map(({ status }) => status)).toEqual([3, 3, 3]);
    });

    it('starts a process once, though two calls come at the same time', async () => {
      const start = (): Promise<unknown> =>
        containers.startExec(id, 'twice', { args: sh('read -r _') }).catch((error: { code: number }) => error.code);
      expect((await Promise.all([start(), start()])).toSorted()).toEqual([Code.alreadyExists, undefined]);
      await containers.agent.call('closeStdin', { containerId: id, execId: 'twice' });
      await containers.collect(id, 'twice');
    });

    it('stands still while it is paused, and goes on', async () => {
      await containers.agent.call('pauseContainer', { containerId: id });
      await containers.write(id, 'one\n');
      // The kernel stops the processes some time after the call.
      const readEvents = (): Promise<string> => probe(`busybox cat /cgroup/kata/${id}/cgroup.events`);
      await expect.poll(readEvents, { timeout: 60_000 }).toContain('frozen 1');
      await containers.agent.call('resumeContainer', { containerId: id });
      expect(await containers.readUntil('one', id)).toBe('got one\n');
      expect(await probe(`busybox cat /cgroup/kata/${id}/cgroup.events`)).toContain('frozen 0');
    });

    it('has new limits after an update', async () => {
      const resources = {
        memory: { limit: BigInt(64 * MIB) },
        cpu: { quota: 50_000n, period: 100_000n },
        pids: { limit: 77n },
      };
      await containers.agent.call('updateContainer', { containerId: id, resources });
      const { cgroupStats } = await containers.agent.statsContainer(id);
      expect(cgroupStats?.memoryStats?.usage?.limit).toBe(BigInt(64 * MIB));
      expect(cgroupStats?.pidsStats).toMatchObject({ current: 1n, limit: 77n });
      expect(await probe(`busybox cat /cgroup/kata/${id}/cpu.max`)).toBe('50000 100000\n');
    });

    it('ends all of its processes by one call', async () => {
      await containers.startExec(id, 'beside', { args: ['/bin/busybox', 'sleep', '100000'] });
      const ends = Promise.all([containers.collect(id), containers.collect(id, 'beside')]);
      await containers.agent.call('signalProcess', { containerId: id, execId: '', signal: 9 });
      expect((await ends).map(({ status }) => status)).toEqual([137, 137]);
      await containers.remove(id);
    });
  });

  it('reports a kill for want of memory before the end that it caused', async () => {
    const order: string[] = [];
    const event = containers.agent
      .wait('getOOMEvent', {})
      .then(({ containerId }) => order.push(`oom of ${containerId}`));
    await containers.start('c-greedy', {
      args: ['/bin/busybox', 'dd', 'if=/dev/zero', 'of=/dev/shm/full', 'bs=1M', 'count=100'],
      resources: { memory: { limit: BigInt(16 * MIB) } },
    });
    const end = containers.collect('c-greedy').then(({ status }) => order.push(`end with ${status}`));
    await Promise.all([event, end]);
    expect(order).toEqual(['oom of c-greedy', 'end with 137']);
    await containers.remove('c-greedy');
  });

  it(
    'leaves memory and processes to the guest: a container that starts processes without end stops only itself',
    async () => {
      const { agent } = containers;
      const total = Number(/(\d+) kB/.exec(await probe('busybox grep MemTotal /proc/meminfo'))?.[1]) * 1024;
      const all = Number(await probe('busybox cat /cgroup/kata/memory.max'));
      expect([all > 100 * MIB, all < total - 48 * MIB]).toEqual([true, true]);
      await containers.start('c-bomb', {
        args: sh('bomb() { bomb | bomb & }; bomb; while :; do busybox sleep 1; done'),
      });
      const readPids = async () => (await agent.statsContainer('c-bomb')).cgroupStats?.pidsStats;
      await expect.poll(async () => (await readPids())?.current, { timeout: 60_000 }).toBeGreaterThan(100n);
      expect((await readPids())?.limit).toBe(BigInt(Math.floor(all / (512 * 1024))));
      expect(await probe('echo here')).toBe('here\n');
      await containers.remove('c-bomb');
      const resources = { pids: { limit: -1n } };
      await containers.start('c-unlimited', { args: ['/bin/busybox', 'sleep', '100000'], resources });
      expect(await probe('busybox cat /cgroup/kata/c-unlimited/pids.max')).toBe('max\n');
      await containers.remove('c-unlimited');
    },
    CASE_MS,
  );

  it('ends a container that is removed while it runs, and one that is paused', async () => {
    for (const isPaused of [false, true]) {
      await containers.start('c-running', { args: ['/bin/busybox', 'sleep', '100000'] });
      const end = containers.collect('c-running');
      if (isPaused) {
        await containers.agent.call('pauseContainer', { containerId: 'c-running' });
      }
      await containers.remove('c-running');
      expect((await end).status).toBe(137);
    }
  });

  it.each([
    ['startContainer', { containerId: 'none' }],
    ['removeContainer', { containerId: 'none' }],
    ['pauseContainer', { containerId: 'none' }],
    ['resumeContainer', { containerId: 'none' }],
    ['updateContainer', { containerId: 'none', resources: {} }],
    ['execProcess', { containerId: 'none', execId: 'one', process: { args: ['x'] } }],
    ['signalProcess', { containerId: 'probe', execId: 'none', signal: 9 }],
    ['waitProcess', { containerId: 'probe', execId: 'none' }],
    ['readStdout', { containerId: 'probe', execId: 'none', len: 1 }],
    ['readStderr', { containerId: 'none', execId: '', len: 1 }],
    ['writeStdin', { containerId: 'probe', execId: 'none', data: Buffer.from('x') }],
    ['closeStdin', { containerId: 'probe', execId: 'none' }],
    ['ttyWinResize', { containerId: 'probe', execId: 'none', row: 1, column: 1 }],
    ['updateInterface', { interface: { name: 'eth0', hwAddr: '02:00:00:00:00:01' } }],
  ] as const)('%s of what is not there is NOT_FOUND', async (name, request) => {
    await expect(containers.agent.call(name, request as never)).rejects.toMatchObject({
      code: Code.notFound,
      message: expect.stringMatching(/none|02:00/),
    });
  });

  it.each([
    ['a program that is not there', { args: ['/bin/none'] }, /crun create: executable file `\/bin\/none` not found/],
    ['a limit that cannot be', { args: sh('true'), resources: { cpu: { cpus: '99' } } }, /crun create: .*cpuset/],
  ])('says why a container cannot be made: %s', async (_, init, message) => {
    await expect(containers.create('c-bad', init)).rejects.toThrow(message);
    // Nothing is left of it: its id can be used again.
    expect(await containers.run('c-bad', { args: sh('echo again') })).toMatchObject({ status: 0, stdout: 'again\n' });
  });

  it.each([
    ['a container that is there', () => containers.create('probe', { args: ['x'] }), Code.alreadyExists],
    ['an id with a path', () => containers.create('../x', { args: ['x'] }), Code.invalidArgument],
    [
      'no specification',
      () => containers.agent.call('createContainer', { containerId: 'c-none' }),
      Code.invalidArgument,
    ],
    [
      'a storage that it does not have',
      () => containers.agent.call('createSandbox', { storages: [{ driver: 'blk', mountPoint: '/run/x' }] }),
      Code.unimplemented,
    ],
    [
      'a signal beyond the last',
      () => containers.agent.call('signalProcess', { containerId: 'probe', execId: 'probe', signal: 65 }),
      Code.invalidArgument,
    ],
    [
      'a read of nothing',
      () => containers.agent.call('readStdout', { containerId: 'probe', execId: 'probe', len: 0 }),
      Code.invalidArgument,
    ],
    [
      'the size of a terminal that is none',
      () => containers.agent.call('ttyWinResize', { containerId: 'probe', execId: 'probe', row: 1, column: 1 }),
      Code.failedPrecondition,
    ],
  ])('rejects %s', async (_, call, code) => {
    await expect(call()).rejects.toMatchObject({ code });
  });

  it('sets addresses, routes, the clock and the resolver', async () => {
    const { agent } = containers;
    await agent.call('updateInterface', {
      interface: {
        name: 'lo',
        hwAddr: '00:00:00:00:00:00',
        mtu: 1400n,
        ipAddresses: [{ family: 0, address: '10.9.8.7', mask: '24' }],
      },
    });
    await agent.call('updateRoutes', {
      routes: { routes: [{ dest: '10.7.0.0/16', gateway: '10.9.8.1', device: 'lo' }] },
    });
    await agent.call('setGuestDateTime', { sec: 1_900_000_000n });
    await agent.call('reseedRandomDev', { data: Buffer.from('seed') });
    await agent.call('onlineCPUMem', { wait: true, nbCpus: 1 });
    const text = await probe('busybox ip addr show lo; busybox ip route; busybox date -u +%Y');
    expect(text).toContain('mtu 1400');
    expect(text).toContain('inet 10.9.8.7/24');
    expect(text).toContain('10.7.0.0/16 via 10.9.8.1 dev lo');
    expect(text).toMatch(/^2030$/m);
    expect(await probe('busybox cat /proc/1/root/etc/resolv.conf')).toBe('nameserver 10.0.0.1\n');
  });

  it('names an interface by its MAC address, and adds the neighbors that a runtime knows to it', async () => {
    const ipAddresses = [{ family: IPFamily.V4, address: '10.5.0.1', mask: '24' }];
    await containers.agent.call('updateInterface', {
      interface: { name: 'pod0', hwAddr: GUEST_MAC_ADDRESS, mtu: 1400n, ipAddresses },
    });
    const text = await probe('busybox ip addr show pod0');
    expect(text).toContain(`link/ether ${GUEST_MAC_ADDRESS}`);
    expect(text).toContain('inet 10.5.0.1/24');
    const add = (address: string, lladdr: string, family: IPFamily = IPFamily.V4) => {
      const neighbors = [{ toIpAddress: { family, address }, device: 'pod0', lladdr }];
      return containers.agent.call('addARPNeighbors', { neighbors: { neighbors } });
    };
    await add('10.5.0.9', '02:00:00:00:00:09');
    const list = await probe('busybox ip neigh show dev pod0');
    expect(list).toMatch(/^10\.5\.0\.9 lladdr 02:00:00:00:00:09 .*PERMANENT/m);
    await expect(add('10.5.0.9', 'none')).rejects.toThrow(/arp: invalid hardware address/);
    await expect(add('fd00::9', '02:00:00:00:00:09', IPFamily.V6)).rejects.toMatchObject({
      code: Code.unimplemented,
      message: expect.stringContaining('"fd00::9"'),
    });
  });

  it(
    'leaves no descriptor, mount, cgroup or process of 25 processes and 5 containers',
    async () => {
      // What the cases before have used is closed some time after the call that needs it no more: two readings have to agree.
      let before = '';
      await waitUntil(async () => {
        const last = before;
        before = await probe(COUNT);
        return before === last;
      });
      expect([...toCounts(before).keys()]).toEqual(
        expect.arrayContaining(['processes', 'mounts', 'cgroups', 'socket:[']),
      );
      for (let round = 0; round < 5; round++) {
        const id = `c-many${round}`;
        await containers.start(id, { args: ['/bin/busybox', 'sleep', '100000'] });
        const runs = Array.from({ length: 5 }, (_, index) =>
          containers.exec(id, `many${index}`, { args: sh(`echo ${index}`), terminal: index === 0 }),
        );
        expect((await Promise.all(runs)).map(({ stdout }) => stdout.trim())).toEqual(['0', '1', '2', '3', '4']);
        await containers.remove(id);
      }
      const listMore = async (): Promise<[string, number][]> =>
        [...toCounts(await probe(COUNT))].filter(([name, count]) => count > (toCounts(before).get(name) ?? 0));
      // A descriptor is closed some time after the call that needs it no more.
      await expect.poll(listMore, { timeout: 60_000 }).toEqual([]);
    },
    CASE_MS,
  );

  it('ends everything with the sandbox, and serves another', async () => {
    await containers.start('c-last', { args: ['/bin/busybox', 'sleep', '100000'] });
    const ends = [containers.collect('c-last'), containers.collect('probe')];
    await containers.agent.call('destroySandbox', {});
    expect((await Promise.all(ends)).map(({ status }) => status)).toEqual([137, 137]);
    await containers.agent.call('createSandbox', { sandboxId: 'pod2' });
    await containers.start('probe', { args: sh('busybox sleep 100000'), isPrivileged: true });
    expect(
      await probe("busybox ls /cgroup/kata | busybox grep -c '^c-'; busybox grep -c '/run/roots/' /proc/1/mounts"),
    ).toBe('0\n1\n');
  });
});
