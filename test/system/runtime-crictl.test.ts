/**
 * Pods by crictl as operators use it: two pods at once, what containers of a pod share, attach, terminals, restarts as a
 * kubelet does them, statistics; and what cannot be had, with its reason.
 */
import { globSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missingForCriTools, provideCrictl } from '../support/cri-tools.ts';
import { Crictl } from '../support/crictl.ts';
import { tryProvide } from '../support/go-tools.ts';
import { waitUntil } from '../support/processes.ts';
import { missingForRuntime, NO_LEFTOVERS, RuntimeRig } from '../support/runtime-rig.ts';

const { path: program, missing } = await tryProvide(provideCrictl, [...missingForRuntime(), ...missingForCriTools()]);
const title = `pods by crictl${missing.length === 0 ? '' : ` (needs ${missing.join(', ')})`}`;

const BOOT_MS = 300_000;
const POLL = { timeout: 120_000 };
const sleeping = ['sleep', '100000'];
/** With its static CPU manager and memory manager: CPUs, NUMA nodes and page sizes of this host. */
const asKubelet = {
  cpu_shares: 2048,
  cpuset_cpus: '6-7',
  cpuset_mems: '1',
  hugepage_limits: ['2MB', '1GB'].map((page_size) => ({ page_size, limit: 0 })),
};

interface Inspected {
  readonly status: { readonly state: string; readonly network: { readonly ip: string } };
}
interface Stats {
  readonly stats: readonly {
    readonly attributes: { readonly id: string };
    readonly cpu?: { readonly usageCoreNanoSeconds: { readonly value: string } };
    readonly memory?: { readonly workingSetBytes: { readonly value: string } };
  }[];
}

describe.skipIf(missing.length > 0)(title, () => {
  let rig: RuntimeRig;
  let crictl: Crictl;
  let pod: string;
  let other: string;
  let web: string;
  let tool: string;
  let volume: string;

  beforeAll(async () => {
    rig = await RuntimeRig.start();
    crictl = new Crictl(rig, program);
    volume = join(rig.rootPath, 'volume');
    mkdirSync(volume);
    writeFileSync(join(volume, 'file'), 'hello');
    const sysctls = { 'kernel.shm_rmid_forced': '1', 'net.core.somaxconn': '77' };
    // As a kubelet names it where systemd manages cgroups.
    const names = rig.cgroupName.split('-').map((_, index, parts) => `${parts.slice(0, index + 1).join('-')}.slice`);
    const linux = { cgroup_parent: `/${names.join('/')}`, sysctls };
    [pod, other] = await Promise.all([crictl.runPod('one', { linux }), crictl.runPod('two')]);
    const serve = 'mkdir /www; echo page >/www/index.html; httpd -p 80 -h /www; echo up; exec sleep 100000';
    [web, tool] = await Promise.all([
      crictl.start(pod, 'web', ['sh', '-c', serve]),
      crictl.start(other, 'tool', sleeping, { linux: { resources: asKubelet } }),
    ]);
    // A container that has been started need not serve yet.
    await waitUntil(async () => (await crictl.expect('logs', web)).includes('up'));
  }, BOOT_MS);

  afterAll(async () => {
    await crictl?.run(['rmp', '-fa']);
    await rig?.close();
    for (const path of globSync(`/sys/fs/cgroup/{,*/}${rig?.cgroupName}`)) {
      rmdirSync(path);
    }
  }, BOOT_MS);

  const readAddress = async (id: string): Promise<string> =>
    (JSON.parse(await crictl.expect('inspectp', id)) as Inspected).status.network.ip;

  it('run at the same time, each in a separate kernel, and reach each other', async () => {
    const boots = [web, tool].map((id) => crictl.exec(id, 'cat /proc/sys/kernel/random/boot_id'));
    expect(new Set(await Promise.all(boots)).size).toBe(2);
    expect(await crictl.exec(tool, `wget -qO- http://${await readAddress(pod)}`)).toBe('page');
    expect(await crictl.exec(web, `ping -c 1 ${await readAddress(other)}`)).toContain('1 packets received');
  });

  it('may use all CPUs of the guest where the set of CPUs is that of the host', async () => {
    expect(await crictl.exec(tool, 'cat /proc/self/status')).toMatch(
      /Cpus_allowed_list:\t0\n.*Mems_allowed_list:\t0\n/s,
    );
  });

  it('have containers that share network, IPC, kernel parameters and, unless they say otherwise, PIDs', async () => {
    const own = { linux: { security_context: { namespace_options: { pid: 1 } } } };
    const [beside, alone] = await Promise.all([
      crictl.start(pod, 'beside', sleeping),
      crictl.start(pod, 'alone', ['sleep', '99999'], own),
    ]);
    expect(await crictl.exec(beside, 'wget -qO- http://127.0.0.1')).toBe('page');
    await crictl.exec(web, 'echo shared >/dev/shm/file');
    const files = 'cat /dev/shm/file /proc/sys/kernel/shm_rmid_forced /proc/sys/net/core/somaxconn';
    expect(await crictl.exec(beside, files)).toBe('shared\n1\n77');
    expect(await crictl.exec(beside, 'ps')).toContain('httpd');
    expect(await crictl.exec(beside, 'ps')).not.toContain('99999');
    // Neither sees the agent.
    expect(await crictl.exec(beside, 'ps')).not.toContain('agent');
    await expect.poll(() => crictl.exec(alone, 'cat /proc/1/cmdline | tr "\\0" " "'), POLL).toBe('sleep 99999');
    await crictl.expect('rm', '-f', beside, alone);
  });

  it('end all processes of a container with its first, also where PIDs are shared', async () => {
    const id = await crictl.start(pod, 'parent', ['sh', '-c', '(trap "" TERM HUP; sleep 77777) & sleep 1; exit 6']);
    await expect.poll(() => crictl.inspect(id), POLL).toMatchObject({ state: 'exited', exitCode: 6 });
    await expect.poll(() => crictl.exec(web, 'ps'), POLL).not.toContain('77777');
    await crictl.expect('rm', id);
  });

  it('take input by attach, and give output to it and to the log', async () => {
    const id = await crictl.start(pod, 'shell', ['sh'], { stdin: true });
    // Without an end of input, attach ends with the container. The streaming server of containerd may drop the output of a
    // container that ends at once, with runc too: so it ends when its output has come.
    const attached = await crictl.run(['attach', '-i', id], 'echo $((6*7))\n', { moreInput: 'exit 5\n' });
    expect([attached.code, attached.stdout.toString(), attached.stderr]).toEqual([0, '42\n', '']);
    await expect.poll(() => crictl.inspect(id), POLL).toMatchObject({ state: 'exited', exitCode: 5 });
    await expect.poll(() => crictl.expect('logs', id), POLL).toBe('42');
    await crictl.expect('rm', id);
  });

  it('give exec a terminal of the size of the client', async () => {
    // The client sends the size when the program runs already. It goes on for a moment, as above.
    const script = 'until stty size 2>/dev/null; do sleep 0.1; done; sleep 1';
    expect(await rig.runAtTerminal(crictl.words('exec', '-it', web, 'sh', '-c', script))).toContain('40 100');
  });

  it('are restarted as a kubelet does it: a new container in the same pod', async () => {
    const command = ['sh', '-c', 'cat /data/tries; echo x >>/data/tries; exit 3'];
    const mounts = [{ host_path: volume, container_path: '/data' }];
    for (const attempt of [0, 1]) {
      const id = await crictl.start(pod, 'again', command, { metadata: { name: 'again', attempt }, mounts });
      await expect
        .poll(() => crictl.inspect(id), POLL)
        .toMatchObject({ state: 'exited', exitCode: 3, reason: 'Error' });
      await crictl.expect('rm', id);
    }
    expect(await crictl.expect('ps', '-a', '--name', 'again', '-q')).toBe('');
  });

  it('have statistics of containers and, from their cgroup on this host, of pods', async () => {
    const read = async (): Promise<bigint[]> =>
      (await crictl.readJson<Stats>('stats')).stats.flatMap(({ cpu, memory }) => [
        BigInt(cpu?.usageCoreNanoSeconds.value ?? 0),
        BigInt(memory?.workingSetBytes.value ?? 0),
      ]);
    // Those of a guest that responds late are missing.
    await expect
      .poll(read, POLL)
      .toSatisfy((values: bigint[]) => values.length === 4 && values.every((each) => each > 0n));
    const pods = (await crictl.readJson<{ stats: { linux: Stats['stats'][0] }[] }>('statsp')).stats;
    expect(pods).toHaveLength(2);
    for (const { linux } of pods) {
      expect(Number(linux.memory?.workingSetBytes.value)).toBeGreaterThan(100 * 1024 * 1024);
    }
  });

  let bad = 0;
  const device = { devices: [{ host_path: '/dev/zero', container_path: '/dev/block', permissions: 'rw' }] };
  const mounted = (host_path: string) => ({ mounts: [{ host_path, container_path: '/x' }] });
  it.each([
    ['a program that is not there', ['/bin/nothing'], {}, /executable file `\/bin\/nothing` not found/],
    ['a program that is none', ['/etc'], {}, /open executable: Operation not permitted/],
    ['a device', sleeping, device, /Device "\/dev\/block" of the host is not supported/],
    ['a volume that is a device', sleeping, mounted('/dev/zero'), /"\/dev\/zero": devices of the host are not supp/],
    ['CPU shares out of range', sleeping, { linux: { resources: { cpu_shares: 1 } } }, /from 2 to 262144, got 1/],
    [
      'a mount onto a file that is a directory',
      sleeping,
      { mounts: [{ host_path: '/etc/hostname', container_path: '/bin' }] },
      /[Nn]ot a directory|is a directory/,
    ],
    ['a working directory that cannot be', sleeping, { working_dir: '/bin/busybox' }, /[Nn]ot a directory|chdir/],
  ])('say why they cannot run %s, and leave nothing of it', async (_, command, more, message) => {
    const id = await crictl.create(pod, `bad-${bad++}`, command, more);
    // It quotes the message once or twice.
    expect((await crictl.run(['start', id])).stderr.replaceAll('\\', '')).toMatch(message);
    expect(await crictl.inspect(id)).toMatchObject({ state: 'exited', reason: 'StartError', exitCode: 128 });
    await crictl.expect('rm', id);
    expect(globSync(`${rig.sandboxesPath}/${pod}/{mounts,shared}/${id}`)).toEqual([]);
    expect(await crictl.exec(web, `ls /sys/fs/cgroup/kata/${id} 2>&1; true`)).toMatch(/No such file/);
  });

  it('say that a user is not known', async () => {
    const more = { linux: { security_context: { run_as_username: 'none' } } };
    await expect(crictl.create(pod, 'unknown-user', sleeping, more)).rejects.toThrow(/passwd/);
    expect(await crictl.expect('ps', '-a', '--name', 'unknown-user', '-q')).toBe('');
  });

  it('say that checkpoints are not supported, and run on', async () => {
    const { code, stderr } = await rig.ctr(['-n', 'k8s.io', 'task', 'checkpoint', web]);
    expect([code === 0, stderr]).toEqual([
      false,
      expect.stringContaining('Checkpoints of virtual machines are not supp'),
    ]);
    expect(await crictl.exec(web, 'echo here')).toBe('here');
  });

  it(
    'leave nothing when they are removed',
    async () => {
      await crictl.removePods(pod, other);
      expect(await rig.findLeftovers()).toEqual(NO_LEFTOVERS);
    },
    BOOT_MS,
  );
});
