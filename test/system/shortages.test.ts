/**
 * A monitor whose system calls fail because the process or the machine lacks a resource. strace makes them fail for real, a
 * number of times, so that each path through Node.js is that of a production shortage. The monitor names the shortage as its
 * own, retries, and reads all sandboxes again as soon as it has passed.
 */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { answerWithLength, type FakeShim, startFakeShim } from '../support/fake-shim.ts';
import { findProgram, missingPackages } from '../support/requirements.ts';
import { pickUrl, programCommand, type RunningProgram, runCommand } from '../support/run-program.ts';

const missing = missingPackages(['strace']);
const SANDBOXES = 5;

interface Scrape {
  /** The number of sandboxes whose kata_sandbox_up is 1. */
  readonly up: number;
  readonly reasons: readonly string[];
}

const healthy: Scrape = { up: SANDBOXES, reasons: [] };

describe.skipIf(missing.length > 0)(`a monitor without resources (needs ${missing.join() || 'nothing more'})`, () => {
  let folder: string;
  let root: string;
  let shims: FakeShim[];
  let monitor: RunningProgram | undefined;
  let url: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'short-'));
    root = join(folder, 'sbs');
    shims = await Promise.all(
      Array.from({ length: SANDBOXES }, async (_, i) => {
        await mkdir(join(root, `s${i}`), { recursive: true });
        const body = '# TYPE kata_shim_x gauge\nkata_shim_x 1\n';
        return startFakeShim(join(root, `s${i}`, 'shim-monitor.sock'), answerWithLength(body));
      }),
    );
  });

  afterEach(async () => {
    await monitor?.stop();
    monitor = undefined;
  });

  afterAll(async () => {
    await Promise.all(shims.map((shim) => shim.close()));
    await rm(folder, { recursive: true });
  });

  const tracePath = (): string => join(folder, 'trace');

  /** `when`: strace's count of the calls that fail, in each thread. `path`: only calls for it. */
  async function startWith(call: string, error: string, when: string, path?: string): Promise<void> {
    const inject = ['-e', `trace=${call}`, '-e', `inject=${call}:error=${error}:when=${when}`];
    const only = path === undefined ? [] : ['-P', path];
    // -D: the monitor, not strace, is the child that gets the signals.
    const strace = [findProgram('strace')!, '-D', '-f', '-qq', '-o', tracePath(), ...inject, ...only] as const;
    // strace and a busy machine make all of it slow: only what fails by itself is to fail.
    const timeouts = ['--shim-timeout=60s', '--scrape-timeout=2m'];
    const args = ['--listen-address=127.0.0.1:0', `--sandboxes-root=${root}`, ...timeouts];
    monitor = runCommand([...strace, ...programCommand('kata-monitor'), ...args]);
    url = await monitor.waitForLine(pickUrl);
  }

  /** Again where a shim was slow, as each may be on a busy machine: that is no shortage. */
  async function scrape(): Promise<Scrape> {
    for (;;) {
      const scraped = await scrapeOnce();
      if (!scraped.reasons.includes('slow')) {
        return scraped;
      }
    }
  }

  async function scrapeOnce(): Promise<Scrape> {
    const response = await fetch(`${url}/metrics`, { headers: { connection: 'close' } });
    expect(response.status).toBe(200);
    const lines = (await response.text()).split('\n');
    const reasons = lines.flatMap((line) => /^kata_sandbox_scrape_error\{.*reason="(\w+)"/.exec(line)?.[1] ?? []);
    return { up: lines.filter((line) => /^kata_sandbox_up\{.* 1$/.test(line)).length, reasons: [...new Set(reasons)] };
  }

  const countFailedCalls = async (): Promise<number> =>
    (await readFile(tracePath(), 'utf8')).split('(INJECTED)').length - 1;

  // The first two connections are those of the monitor to itself and to a container manager.
  it.each([
    ['connect', 'EAGAIN'],
    ['connect', 'ENFILE'],
    ['connect', 'ENOMEM'],
    ['socket', 'EMFILE'],
    ['socket', 'ENOBUFS'],
  ])('retries %s after %s within the scrape', async (call, error) => {
    await startWith(call, error, '3..9');
    expect(await scrape()).toEqual(healthy);
    expect(await countFailedCalls()).toBe(7);
  });

  it('gives up after a few attempts, blames no sandbox, and reads all of them when the shortage has passed', async () => {
    await startWith('connect', 'ENOMEM', '3..60');
    // Once, requests without a descriptor woke each other: 7,000 attempts per second, and the sandboxes were slow.
    let last = await scrape();
    expect(last.reasons).toEqual(['local_shortage']);
    let scrapes = 1;
    for (; last.reasons.length > 0; scrapes++) {
      expect(last.reasons).toEqual(['local_shortage']);
      last = await scrape();
    }
    expect(last).toEqual(healthy);
    // Each sandbox: at most five attempts and those while another one is connected.
    expect(scrapes).toBeGreaterThan(1);
    expect(scrapes).toBeLessThan(10);
    expect((await monitor!.stop()).stderr).toContain('no connection can be opened: this machine has no memory left');
  });

  it.each(['EMFILE', 'ENFILE', 'ENOMEM'])('serves the next client after accept4 failed with %s', async (error) => {
    await startWith('accept4', error, '3..4');
    let responses = 0;
    for (let i = 0; i < 6; i++) {
      // The client whose connection could not be accepted sees it closed.
      responses += await scrape().then(
        (result) => Number(result.up === SANDBOXES),
        () => 0,
      );
    }
    expect(responses).toBeGreaterThanOrEqual(4);
    expect(await scrape()).toEqual(healthy);
  });

  it.each(['EMFILE', 'ENFILE', 'ENOMEM'])(
    'lists the sandboxes again after openat of the root failed with %s',
    async (error) => {
      await startWith('openat', error, '1..2', root);
      expect(await scrape()).toEqual(healthy);
      expect(await countFailedCalls()).toBeGreaterThanOrEqual(2);
    },
  );

  it.each([
    ['inotify_add_watch', 'ENOSPC', 'this user has no inotify watch left (fs.inotify.max_user_watches)'],
    ['inotify_init1', 'EMFILE', 'this user has no inotify instance left (fs.inotify.max_user_instances), or'],
  ])('finds sandboxes without %s, and says why', async (call, error, problem) => {
    await startWith(call, error, '1+');
    expect(await scrape()).toEqual(healthy);
    await mkdir(join(root, 'late'));
    const late = await startFakeShim(join(root, 'late/shim-monitor.sock'), answerWithLength('kata_shim_x 1\n'));
    expect(await scrape()).toMatchObject({ up: SANDBOXES + 1 });
    await late.close();
    await rm(join(root, 'late'), { recursive: true });
    const { stderr } = await monitor!.stop();
    expect(stderr.split('\n').filter((line) => line.includes(problem))).toHaveLength(1);
  });
});
