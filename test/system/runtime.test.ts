/**
 * The runtime under a real containerd, with real virtual machines: what containers write and read, how they end, and that
 * nothing is left of them. One machine serves many cases, for each takes a while to boot.
 */
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { getOverUnix } from '../support/get-over-unix.ts';
import { BOOT_MS, sh } from '../support/pod-rig.ts';
import { type CommandResult, missingForRuntime, NO_LEFTOVERS, RuntimeRig } from '../support/runtime-rig.ts';

const missing = missingForRuntime();
const title = `the runtime under containerd${missing.length === 0 ? '' : ` (needs ${missing.join(', ')})`}`;

const GUEST_METRICS_TIMEOUT_MS = 120_000;

describe.skipIf(missing.length > 0)(title, () => {
  const id = 'stays';
  /** Found in no other process' command line. */
  const first = 'the-first-container';
  let rig: RuntimeRig;
  let firstRun: Promise<CommandResult>;

  // Both boot at the same time.
  beforeAll(async () => {
    rig = await RuntimeRig.start();
    firstRun = rig.run(first, sh('busybox uname -r; busybox cat; echo bad >&2; exit 7'), { input: 'a\nb\n' });
    const { code, stderr } = await rig.run(id, sh('echo up; busybox sleep 100000'), { flags: ['--detach'] });
    expect(`${code}${stderr}`).toBe('0');
  }, BOOT_MS);

  afterAll(async () => {
    await rig?.close();
  });

  it(
    'runs one container in its own kernel, with its input, its output and its exit code, and leaves nothing',
    async () => {
      const { code, stdout, stderr } = await firstRun;
      expect(stdout.toString()).toMatch(/^\d+\.\d+\.\d+-\d+-cloud-amd64\na\nb\n$/);
      expect(stderr).toContain('bad\n');
      expect(code).toBe(7);
      expect(await rig.findLeftoversOf({ id: first, namespaces: [], shimSocketPath: '' })).toEqual(NO_LEFTOVERS);
    },
    BOOT_MS,
  );

  describe('with a container that stays', () => {
    it('gives 4 MiB of output whole', async () => {
      const { code, stdout } = await rig.exec(id, 'large', sh('busybox head -c 4194304 /dev/zero'));
      expect([code, stdout.length, stdout.every((byte) => byte === 0)]).toEqual([0, 4_194_304, true]);
    });

    it('takes input of 300,000 bytes whole, and its end', async () => {
      const { stdout } = await rig.exec(id, 'input', ['/bin/busybox', 'md5sum'], 'x'.repeat(300_000));
      expect(stdout.toString()).toBe(`${createHash('md5').update('x'.repeat(300_000)).digest('hex')}  -\n`);
    });

    it.each([['a command that is not there', ['/bin/nothing'], /executable file `\/bin\/nothing` not found/]])(
      'says why it cannot run %s',
      async (_, command, message) => {
        const { code, stderr } = await rig.exec(id, 'none', command);
        expect(code).not.toBe(0);
        expect(stderr).toMatch(message);
      },
    );

    it.each([
      ['exit 3', 3],
      ['kill -9 $$', 137],
      ['kill -TERM $$', 143],
    ])('gives the status of "%s"', async (script, status) => {
      expect((await rig.exec(id, 'status', sh(script))).code).toBe(status);
    });

    it('does not wait for ever for a child that holds the output', async () => {
      const { code, stdout } = await rig.exec(id, 'child', sh('(busybox sleep 10000; echo late) & echo now'));
      expect([code, stdout.toString()]).toEqual([0, 'now\n']);
    });

    it('gives a process its own terminal, of the size of ours', async () => {
      const script = 'busybox tty; busybox stty rows 40 cols 100; busybox stty size; [ -t 0 ] && [ -t 2 ] && echo both';
      const output = await rig.ctrAtTerminal(['task', 'exec', '--tty', '--exec-id', 'tty', id, ...sh(script)]);
      expect(output.replaceAll('\r', '').replaceAll('^@', '')).toContain('/dev/pts/0\n40 100\nboth\n');
    });

    it('stops only its own output when that floods, and is not held up by it', async () => {
      const flood = rig.exec(id, 'flood', sh('busybox timeout 3 busybox yes'));
      expect((await rig.exec(id, 'beside', sh('echo here'))).stdout.toString()).toBe('here\n');
      const { stdout } = await flood;
      expect(stdout.subarray(0, 4).toString()).toBe('y\ny\n');
      expect(stdout.length % 2).toBe(0);
    });

    it('runs 50 processes, many at the same time, and keeps no descriptor of them', async () => {
      const countDescriptors = (): number => readdirSync(`/proc/${rig.findShim(id)}/fd`).length;
      const before = countDescriptors();
      const runs = Array.from({ length: 50 }, (_, index) => rig.exec(id, `many${index}`, sh(`echo ${index}`)));
      const outputs = (await Promise.all(runs)).map(({ stdout }) => stdout.toString());
      expect(outputs).toEqual(runs.map((_, index) => `${index}\n`));
      await expect.poll(countDescriptors).toBeLessThanOrEqual(before);
    });

    it('shows the guest only what belongs to the container, and of that nothing to write beside it', async () => {
      const seen = await rig.exec(id, 'share', sh('busybox cat /proc/mounts | busybox grep virtiofs'));
      expect(seen.stdout.toString().trim().split('\n')).toHaveLength(1);
    });

    it('serves metrics of its calls by method, and the metrics of its container', async () => {
      // A guest that shares its cores with other work may be too slow for the first scrape.
      const text = await vi.waitFor(async () => {
        const response = await getOverUnix(`${rig.sandboxesPath}/${id}/shim-monitor.sock`, '/metrics');
        expect(response).toMatch(/^kata_guest_load\{item="load1"\} \d/m);
        return response;
      }, GUEST_METRICS_TIMEOUT_MS);
      for (const action of ['create', 'start', 'exec', 'wait', 'close_io', 'delete']) {
        expect(text).toMatch(
          new RegExp(`kata_shim_rpc_durations_histogram_milliseconds_count\\{action="${action}"\\} [1-9]`),
        );
      }
      expect(text).toMatch(
        /agent_rpc_durations_histogram_milliseconds_count\{action="grpc.CreateContainerRequest"\} 1\n/,
      );
      expect(text).toMatch(/^kata_shim_pod_overhead_memory_in_bytes [1-9]/m);
      expect(await rig.expectCtr('task', 'metrics', id)).toMatch(/memory.usage_in_bytes|memory.usage\b/);
    });

    it('stands still while it is paused, runs no command, and goes on', async () => {
      const readState = async (): Promise<string> => await rig.expectCtr('task', 'ls');
      await rig.expectCtr('task', 'pause', id);
      expect(await readState()).toMatch(/stays\s+\d+\s+PAUSED/);
      expect((await rig.exec(id, 'paused', sh('echo no'))).stderr).toContain('is paused');
      await rig.expectCtr('task', 'resume', id);
      expect(await readState()).toMatch(/stays\s+\d+\s+RUNNING/);
      expect((await rig.exec(id, 'resumed', sh('echo yes'))).stdout.toString()).toBe('yes\n');
    });

    it('ends with its processes when it is killed', async () => {
      await rig.expectCtr('task', 'kill', '--signal', 'SIGKILL', id);
      await expect.poll(() => rig.expectCtr('task', 'ls')).toMatch(/stays\s+\d+\s+STOPPED/);
      await rig.ctr(['task', 'delete', id]);
      await rig.expectCtr('container', 'delete', id);
      expect(await rig.findLeftovers()).toEqual(NO_LEFTOVERS);
    });
  });
});
