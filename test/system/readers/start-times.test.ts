/**
 * When counters began, as a newer Prometheus uses it: it stores a 0 for the boot of a guest, so that what was counted before the
 * first scrape is not lost, and sees a restart whose counters are already higher than before.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { answerWithLength, startFakeShim } from '../../support/fake-shim.ts';
import { newerPrometheus, skipWithoutNewerPrometheus } from '../../support/newer-prometheus.ts';
import { startPrometheus } from '../../support/prometheus.ts';
import { pickUrl, runProgram } from '../../support/run-program.ts';

const OF_GUEST = 'kata_guest_pressure_cpu_waiting_seconds_total';
const OF_HOST = 'kata_shim_sandbox_oom_kills_total';
const patience = { timeout: 60_000, interval: 100 };

/** A guest that was started at this time. */
function bodyOf(startSeconds: number, waited: number): string {
  return [
    `# TYPE kata_guest_uptime_seconds gauge\nkata_guest_uptime_seconds ${Date.now() / 1000 - startSeconds}`,
    `# TYPE ${OF_GUEST} counter\n${OF_GUEST} ${waited}`,
    `# TYPE ${OF_HOST} counter\n${OF_HOST} 5\n`,
  ].join('\n');
}

it('are zeros of a newer Prometheus for the counters of the guest, for each start', async ({ skip }) => {
  skipWithoutNewerPrometheus(skip);
  await using cleanUp = new AsyncDisposableStack();
  const root = cleanUp.adopt(mkdtempSync(join(tmpdir(), 'km-start-')), (path) => rmSync(path, { recursive: true }));
  mkdirSync(join(root, 'a'));
  const shimStart = Math.floor(Date.now() / 1000) - 20;
  const ofShim = `kata_shim_process_start_time_seconds ${shimStart}\n`;
  let guest = { startSeconds: shimStart + 2, waited: 7 };
  const shim = await startFakeShim(join(root, 'a/shim-monitor.sock'), () =>
    answerWithLength(ofShim + bodyOf(guest.startSeconds, guest.waited)),
  );
  cleanUp.defer(() => shim.close());
  const args = [`--sandboxes-root=${root}`, '--listen-address=127.0.0.1:0', `--runtime-endpoint=${root}/none`];
  const monitor = cleanUp.adopt(runProgram('kata-monitor', args), async (program) => {
    await program.stop();
  });
  const target = (await monitor.waitForLine(pickUrl)).replace('http://', '');
  const config = `global: { scrape_interval: 1s, scrape_timeout: 1s }\nscrape_configs:\n  - job_name: kata\n    static_configs: [{ targets: ['${target}'] }]\n`;
  const prometheus = await startPrometheus(config, {
    program: newerPrometheus!,
    flags: ['--enable-feature=created-timestamp-zero-ingestion'],
  });
  cleanUp.defer(() => prometheus.stop());
  const samplesOf = async (name: string): Promise<readonly (readonly [number, string])[]> =>
    (await prometheus.query(`${name}{sandbox_id="a"}[5m]`))[0]?.values ?? [];
  /** Without those that repeat the one before. */
  const changesOf = async (name: string): Promise<(readonly [number, string])[]> =>
    (await samplesOf(name)).filter(([, value], i, all) => i === 0 || value !== all[i - 1]![1]);

  await vi.waitFor(async () => expect((await samplesOf(OF_GUEST)).length).toBeGreaterThan(3), patience);
  const [zero, first, ...more] = await changesOf(OF_GUEST);
  expect([zero?.[1], first?.[1], more]).toEqual(['0', '7', []]);
  expect(Math.abs(zero![0] - guest.startSeconds)).toBeLessThan(1);

  guest = { startSeconds: Date.now() / 1000, waited: 9 };
  const values = async (): Promise<string[]> => (await changesOf(OF_GUEST)).map(([, value]) => value);
  await vi.waitFor(async () => expect((await values()).at(-1)).toBe('9'), patience);
  expect(await values()).toEqual(['0', '7', '0', '9']);
  // Its counters may be older than the shim.
  expect((await changesOf(OF_HOST)).map(([, value]) => value)).toEqual(['5']);
});
