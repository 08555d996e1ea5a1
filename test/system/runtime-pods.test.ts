/**
 * Pods over CRI in virtual machines: network, volumes, logs, statistics, limits, and a containerd that is killed.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual, promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCadvisorUse, readGuestUse, readHostUse } from '../support/container-use.ts';
import type { CriPods } from '../support/cri-pods.ts';
import { getOverUnix } from '../support/get-over-unix.ts';
import { BOOT_MS, PodRig, SLEEPING, sh } from '../support/pod-rig.ts';
import { parseAnswer } from '../support/reference-exposition.ts';
import { pickUrl, type RunningProgram, runProgram } from '../support/run-program.ts';
import { missingForRuntime, NO_LEFTOVERS, type RuntimeRig } from '../support/runtime-rig.ts';

const run = promisify(execFile);
const missing = missingForRuntime({ more: ['runc', 'curl'] });
const title = `pods in virtual machines${missing.length === 0 ? '' : ` (needs ${missing.join(', ')})`}`;

const MIB = 1024 * 1024;

describe.skipIf(missing.length > 0)(title, () => {
  let podRig: PodRig;
  let rig: RuntimeRig;
  let pods: CriPods;

  beforeAll(async () => {
    podRig = await PodRig.start();
    ({ rig, pods } = podRig);
  }, BOOT_MS);

  afterAll(() => podRig?.close(), BOOT_MS);

  describe('one with containers', () => {
    let pod: string;
    let web: string;
    let idle: string;
    let volume: string;

    beforeAll(async () => {
      volume = join(rig.rootPath, 'volume');
      mkdirSync(volume);
      writeFileSync(join(volume, 'file'), 'hello');
      symlinkSync('/etc/shadow', join(volume, 'absolute'));
      symlinkSync('../../../../../../../../etc/shadow', join(volume, 'relative'));
      pod = await podRig.startPod('p1', {
        cgroupParent: `/${rig.cgroupName}`,
        annotations: { 'io.katacontainers.config.hypervisor.kernel_params': 'kata.test=1' },
      });
      const serve = 'echo up; echo bad >&2; busybox mkdir /www; echo web >/www/index.html; busybox httpd -p 80 -h /www';
      const load = 'while :; do i=0; while [ $i -lt 5000 ]; do i=$((i+1)); done; busybox sleep 0.1; done';
      web = await pods.runContainer(pod, 'web', sh(`${serve}; ${load}`), {
        logPath: 'web.log',
        mounts: [
          { containerPath: '/ro', hostPath: volume, readonly: true },
          { containerPath: '/rw', hostPath: volume, readonly: false },
        ],
      });
      const sleepLater = sh('busybox cat /proc/self/oom_score_adj; exec busybox sleep 100000');
      idle = await pods.runContainer(pod, 'idle', sleepLater, { logPath: 'idle.log' });
    }, BOOT_MS);

    it('has the address that CNI gave, the name of the pod, and can be reached', async () => {
      const { ip, isReady } = await pods.readPod(pod);
      expect([isReady, ip]).toEqual([true, expect.stringMatching(/^10\.213\.\d+\.\d+$/)]);
      const { stdout } = await pods.exec(web, sh('busybox hostname; busybox ip -4 addr show eth0; busybox ip route'));
      expect(stdout).toMatch(/^p1\n/);
      expect(stdout).toContain(`inet ${ip}/24`);
      expect(stdout).toContain(`default via ${ip.replace(/\d+$/, '1')}`);
      // A container that has been started need not serve yet.
      const request = async () => (await run('curl', ['-sS', '--max-time', '30', `http://${ip}/`])).stdout;
      await expect.poll(request).toBe('web\n');
    });

    it('runs its containers in one kernel, which is not the host, with the parameters of its annotation', async () => {
      const read = async (id: string) =>
        (await pods.exec(id, sh('busybox cat /proc/sys/kernel/random/boot_id /proc/cmdline'))).stdout;
      const [one, other] = [await read(web), await read(idle)];
      expect(one).toBe(other);
      expect(one).not.toContain(readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
      expect(one).toContain('kata.test=1');
    });

    // containerd writes the log by itself, perhaps a moment later.
    it('writes logs with the stream of each line', async () => {
      const readLog = () => podRig.readLog('web.log');
      await expect.poll(readLog).toMatch(/ stdout F up$/m);
      await expect.poll(readLog).toMatch(/ stderr F bad$/m);
    });

    it('shares a volume, read-only where that was requested, and no links out of it', async () => {
      const { stdout } = await pods.exec(
        web,
        sh('busybox cat /ro/file; echo new >/rw/made; echo x >/ro/no; busybox cat /ro/absolute /ro/relative'),
      );
      expect(stdout).toBe('hello');
      expect(readFileSync(join(volume, 'made'), 'utf8')).toBe('new\n');
      expect(existsSync(join(volume, 'no'))).toBe(false);
    });

    describe('beside a monitor, and a pod of another runtime', () => {
      let monitor: RunningProgram;
      let url: string;
      let other: string;

      beforeAll(async () => {
        monitor = runProgram('kata-monitor', [
          '--listen-address=127.0.0.1:0',
          `--sandboxes-root=${rig.sandboxesPath}`,
          `--runtime-endpoint=unix://${rig.socketPath}`,
        ]);
        url = await monitor.waitForLine(pickUrl);
        other = await podRig.startPod('other', { handler: 'runc' });
        await pods.runContainer(other, 'elsewhere', SLEEPING);
      }, BOOT_MS);

      afterAll(async () => {
        await monitor?.stop();
        await pods.removePod(other);
      });

      it('is the only pod of the monitor, by its name, with its containers', async () => {
        const read = async (path: string) => parseAnswer(await (await fetch(`${url}${path}`)).text()).series;
        const findAll = async (path: string, name: string, label: string) =>
          (await read(path)).filter((each) => each.name === name).map(({ labels }) => new Map(labels).get(label));
        await expect.poll(() => findAll('/metrics', 'kata_sandbox_up', 'cri_name')).toEqual(['p1']);
        // Those of the guest come with the second scrape where the agent is slow.
        for (const name of ['kata_sandbox_memory_working_set_bytes', 'kata_guest_tasks']) {
          const findPods = async () => new Set(await findAll('/metrics', name, 'cri_name'));
          await expect.poll(findPods).toEqual(new Set(['p1']));
        }
        const cpu = 'container_cpu_usage_seconds_total';
        expect((await findAll('/metrics/cadvisor', cpu, 'container')).toSorted()).toEqual(['idle', 'web']);
        expect(await findAll('/metrics/cadvisor', cpu, 'pod')).toEqual(['p1', 'p1']);
        expect(await findAll('/metrics/cadvisor', cpu, 'namespace')).toEqual(['ns1', 'ns1']);
      });

      it.each(['busy', 'idle'])('has one use of the %s container in the guest, CRI and cAdvisor: CPU', async (name) => {
        const [id, beside] = name === 'busy' ? [web, idle] : [idle, web];
        let reads: number[] = [];
        const readAll = async () => {
          const uses = [
            await readGuestUse(pods, beside, id),
            await pods.readStats(id),
            await readCadvisorUse(url, id),
            await pods.readStats(id),
            await readGuestUse(pods, beside, id),
          ];
          reads = uses.map(({ cpuNs }) => cpuNs);
          return reads;
        };
        // A scrape has no values of a guest that responds late, and statistics are 0 then.
        await expect.poll(readAll).toSatisfy((all: number[]) => all.every((cpuNs) => cpuNs > 0));
        expect(reads).toEqual(reads.toSorted((a, b) => a - b));
      });

      it('has one use of a container that rests in the guest, CRI and cAdvisor: memory', async () => {
        const read = async () => {
          const { cpuNs: _, ...cri } = await pods.readStats(idle);
          const { cpuNs: _cadvisor, ...cadvisor } = await readCadvisorUse(url, idle);
          const { cpuNs: _guest, ...guest } = await readGuestUse(pods, web, idle);
          return { isSame: isDeepStrictEqual(cri, guest) && isDeepStrictEqual(cadvisor, guest), cri, cadvisor, guest };
        };
        await expect.poll(read).toMatchObject({ isSame: true });
      });

      // Not compared with the guest: an emulated CPU that has to wait for the host's counts that as its own time.
      it('has the use of the cgroup on the host as the use of the pod', async () => {
        const before = readHostUse(rig.cgroupName);
        const pod1 = await pods.readPodStats(pod);
        const after = readHostUse(rig.cgroupName);
        expect(pod1.cpuNs).toBeGreaterThanOrEqual(before.cpuNs);
        expect(pod1.cpuNs).toBeLessThanOrEqual(after.cpuNs);
        expect(pod1.memoryBytes).toBeGreaterThan(100 * MIB);
        for (const pid of [rig.findShim(pod), rig.findProcess(pod, 'qemu-system')]) {
          expect(readFileSync(`/proc/${pid}/cgroup`, 'utf8')).toContain(`/${rig.cgroupName}/kata-${pod}`);
        }
        const read = async () => {
          const cri = (await pods.readPodStats(pod)).usageBytes;
          const host = readHostUse(rig.cgroupName).usageBytes;
          // Pages come and go, a few of each CPU at a time.
          return Math.abs(cri - host) / MIB;
        };
        await expect.poll(read).toBeLessThan(1);
      });
    });

    it('serves the metrics of the guest and of its own calls', async () => {
      const text = await getOverUnix(`${rig.sandboxesPath}/${pod}/shim-monitor.sock`, '/metrics');
      expect(text).toMatch(/rpc_durations_histogram_milliseconds_count\{action="stats"\} [1-9]/);
      expect(text).toMatch(/action="grpc.UpdateInterfaceRequest"\} 1\n/);
      const { containers } = JSON.parse(
        await getOverUnix(`${rig.sandboxesPath}/${pod}/shim-monitor.sock`, '/containers'),
      );
      expect(containers.map(({ id }: { id: string }) => id).toSorted()).toEqual([web, idle].toSorted());
    });

    it('changes the memory limit of a container', async () => {
      await pods.updateMemory(idle, 64 * MIB);
      const { stdout } = await pods.exec(idle, sh(`busybox cat /sys/fs/cgroup/kata/${idle}/memory.max`));
      expect(stdout).toBe(`${64 * MIB}\n`);
    });

    it.each([
      ['a program that is not there', ['/bin/nothing'], {}, /executable file `\/bin\/nothing` not found/],
      [
        'a device of the host',
        SLEEPING,
        { mounts: [{ containerPath: '/x', hostPath: '/dev/null' }] },
        /"\/dev\/null": devices of the host are not supported/,
      ],
    ])('says why it cannot run %s', async (_, command, options, message) => {
      await expect(pods.runContainer(pod, 'bad', command, options)).rejects.toThrow(message);
      expect(await pods.readContainer(pods.lastContainerId)).toMatchObject({ state: 'exited', reason: 'StartError' });
      await pods.removeContainer(pods.lastContainerId);
    });

    it('runs its processes so that they can be killed for want of memory, which the agent cannot', async () => {
      await expect.poll(() => podRig.readLog('idle.log')).toMatch(/ stdout F 0$/m);
      expect((await pods.exec(idle, sh('busybox cat /proc/self/oom_score_adj'))).stdout).toBe('0\n');
    });

    it('says that a container was killed for want of memory', async () => {
      const command = ['/bin/busybox', 'dd', 'if=/dev/zero', 'of=/dev/shm/full', 'bs=1M', 'count=100'];
      const id = await pods.runContainer(pod, 'greedy', command, { memoryLimitBytes: 32 * MIB });
      const read = () => pods.readContainer(id);
      await expect.poll(read).toMatchObject({ state: 'exited', exitCode: 137, reason: 'OOMKilled' });
      await pods.removeContainer(id);
    });

    it('goes on while containerd is killed and started again: commands, logs, ends', async () => {
      const id = await pods.runContainer(
        pod,
        'late',
        sh('while [ ! -e /go ]; do busybox sleep 0.2; done; echo after; exit 5'),
        {
          logPath: 'late.log',
        },
      );
      await rig.killContainerd();
      await rig.startContainerd();
      await expect.poll(() => pods.readContainer(id)).toMatchObject({ state: 'running' });
      expect((await pods.exec(id, sh('echo >/go; echo still'))).stdout).toBe('still\n');
      await expect.poll(() => pods.readContainer(id)).toMatchObject({ state: 'exited', exitCode: 5 });
      // containerd writes the log by itself, perhaps a moment later.
      const readLog = () => podRig.readLog('late.log');
      await expect.poll(readLog).toMatch(/ stdout F after$/m);
    });

    it('stops a container that ignores SIGTERM', async () => {
      const command = sh("trap '' TERM; echo deaf; while :; do busybox sleep 1; done");
      const id = await pods.runContainer(pod, 'deaf', command, { logPath: 'deaf.log' });
      await expect.poll(() => podRig.readLog('deaf.log')).toContain('deaf');
      await pods.stopContainer(id, 1);
      expect(await pods.readContainer(id)).toMatchObject({ state: 'exited', exitCode: 137 });
    });

    it('leaves nothing when it is removed', async () => {
      await pods.removePod(pod);
      expect(await rig.findLeftovers()).toEqual(NO_LEFTOVERS);
    });

    it('has left its last words to the next monitor', async () => {
      const monitor = runProgram('kata-monitor', [
        '--listen-address=127.0.0.1:0',
        `--sandboxes-root=${rig.sandboxesPath}`,
        `--runtime-endpoint=${rig.socketPath}`,
      ]);
      try {
        const url = await monitor.waitForLine(pickUrl);
        let response = '';
        await expect
          .poll(async () => {
            response = await (await fetch(`${url}/metrics`)).text();
            return response;
          })
          .toMatch(/^kata_ended_sandboxes_total\{cri_namespace="ns1",.*\} 1$/m);
        expect(response).toMatch(
          new RegExp(`^kata_sandbox_final_host_cpu_seconds\\{sandbox_id="${pod}",.*\\} [1-9]`, 'm'),
        );
        // Of its containers in the guest, and of all of it on the host.
        const [peak, hostPeak] = ['memory_peak', 'host_memory_peak'].map((name) =>
          Number(
            new RegExp(`^kata_sandbox_final_${name}_bytes\\{sandbox_id="${pod}",.*\\} (\\d+)$`, 'm').exec(
              response,
            )?.[1],
          ),
        );
        expect(peak).toBeGreaterThan(100_000);
        expect(peak).toBeLessThan(hostPeak!);
      } finally {
        await monitor.stop();
      }
    });
  });

  it('says why a pod cannot be made, and leaves nothing', async () => {
    const annotations = { 'io.katacontainers.config.hypervisor.default_memory': '1' };
    await expect(podRig.startPod('small', { annotations })).rejects.toThrow(
      'The memory of the guest in MiB must be from 320 to',
    );
    expect(await rig.findLeftovers()).toEqual(NO_LEFTOVERS);
  });
});
