/**
 * `kata-metrics up --prometheus`: Debian's Prometheus scrapes the monitor with the rules of the package, listens on a
 * loopback address only, and nothing of it is left, whatever ends `up`.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { alerts } from '../../scripts/monitoring/alerts.ts';
import { recordingRules } from '../../scripts/monitoring/recording-rules.ts';
import { createMark, type MarkedProcess } from '../support/marked-processes.ts';
import { waitUntil } from '../support/processes.ts';
import { missingPackages } from '../support/requirements.ts';
import { type RunningProgram, runProgram } from '../support/run-program.ts';

const missing = missingPackages(['prometheus']);

describe.skipIf(missing.length > 0)(`up --prometheus (needs ${missing.join(', ') || 'nothing more'})`, () => {
  let empty: string;
  let program: RunningProgram | undefined;

  beforeAll(() => {
    empty = mkdtempSync(join(tmpdir(), 'km-'));
  });

  afterEach(() => program?.stop());
  afterAll(() => rmSync(empty, { recursive: true }));

  interface Up {
    readonly up: RunningProgram;
    readonly list: () => MarkedProcess[];
    readonly stdout: string;
    readonly url: string;
    /** Directory of its configuration and data. */
    readonly folder: string;
  }

  async function startUp(): Promise<Up> {
    const { env, list } = createMark();
    const args = ['--hypervisor=process', '--sandboxes=1', '--listen-address=127.0.0.1:0', `--sandboxes-root=${empty}`];
    const up = runProgram('kata-metrics', ['up', '--prometheus', ...args], env);
    program = up;
    let stdout = '';
    up.child.stdout!.on('data', (piece: string) => {
      stdout += piece;
    });
    await waitUntil(() => stdout.includes('\nPress Ctrl-C to stop.') || up.child.exitCode !== null);
    const url = /^ {2}(http:\S+)\/alerts$/m.exec(stdout)?.[1] ?? '';
    const option = list()
      .flatMap((process) => process.args)
      .find((arg) => arg.startsWith('--config.file='));
    return { up, list, stdout, url, folder: join(option!.slice('--config.file='.length), '..') };
  }

  async function get<T>(url: string): Promise<T> {
    return ((await (await fetch(url)).json()) as { data: T }).data;
  }

  it('scrapes the sandbox, with all rules, on a loopback address, and ends with it', async () => {
    const { up, list, stdout, url, folder } = await startUp();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(stdout).toContain('\nDashboards for Grafana: deploy/grafana/kata-fleet.json and kata-sandbox.json\n');
    const query = `${url}/api/v1/query?query=kata_sandbox_guest_up`;
    await waitUntil(async () => {
      const { result } = await get<{ result: { value: [number, string] }[] }>(query);
      return result.length === 1 && result[0]!.value[1] === '1';
    });
    const { groups } = await get<{ groups: { rules: object[] }[] }>(`${url}/api/v1/rules`);
    expect(groups.flatMap(({ rules }) => rules)).toHaveLength(alerts.length + recordingRules.length);
    const flags = await get<Record<string, string>>(`${url}/api/v1/status/flags`);
    expect(flags['web.listen-address']).toBe(url.slice('http://'.length));

    up.child.kill('SIGINT');
    const { code, stderr } = await up.ended;
    expect([code, stderr]).toEqual([0, 'Stopping ...\n']);
    await waitUntil(() => list().length === 0);
    expect(existsSync(folder)).toBe(false);
  });

  it('leaves nothing when up is killed', async () => {
    const { up, list, folder } = await startUp();
    expect(existsSync(folder)).toBe(true);
    up.child.kill('SIGKILL');
    await waitUntil(() => list().length === 0);
    expect(existsSync(folder)).toBe(false);
  });

  it('reports that Prometheus has ended, and goes on', async () => {
    const { up, list } = await startUp();
    process.kill(list().find(({ args }) => args[0]!.endsWith('prometheus'))!.pid, 'SIGKILL');
    await up.waitForLine((line) => (line === 'Prometheus was ended by SIGKILL' ? true : undefined));
    const { code } = await up.stop();
    expect(code).toBe(0);
    await waitUntil(() => list().length === 0);
  });
});
