/**
 * The program kata-monitor with less than everything requested: by profile, by the families and sandboxes of a request, and by
 * bounds; over shims whose bodies are given.
 */
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerInChunks, type FakeShim, startFakeShim } from '../support/fake-shim.ts';
import { parseAnswer, type ReferenceAnswer } from '../support/reference-exposition.ts';
import { pickUrl, type RunningProgram, runProgram } from '../support/run-program.ts';

const body = readFileSync(join(import.meta.dirname, '../fixtures/bodies/go-shim.metrics.txt'), 'utf8');

let folder: string;
let program: RunningProgram | undefined;
let shims: FakeShim[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kl-'));
  shims = [];
});

afterEach(async () => {
  await program?.stop();
  await Promise.all(shims.map((shim) => shim.close()));
  await rm(folder, { recursive: true });
});

async function addShim(id: string, text = body): Promise<FakeShim> {
  await mkdir(join(folder, id));
  const shim = await startFakeShim(join(folder, id, 'shim-monitor.sock'), answerInChunks(text));
  shims.push(shim);
  return shim;
}

/** Its URL of /metrics. */
async function start(...flags: string[]): Promise<string> {
  const endpoint = `--runtime-endpoint=${folder}/none.sock`;
  program = runProgram('kata-monitor', [
    '--listen-address=127.0.0.1:0',
    `--sandboxes-root=${folder}`,
    endpoint,
    ...flags,
  ]);
  return `${await program.waitForLine(pickUrl)}/metrics`;
}

async function scrape(url: string): Promise<{ text: string; response: ReferenceAnswer }> {
  const response = await fetch(url);
  const text = await response.text();
  expect([response.status, text.slice(0, 100)]).toEqual([200, expect.any(String)]);
  return { text, response: parseAnswer(text) };
}

/** Names of families, of one sandbox or of all. */
function familiesIn({ series }: ReferenceAnswer, id?: string): string[] {
  const own = series.filter(
    ({ labels }) => id === undefined || labels.some(([name, value]) => name === 'sandbox_id' && value === id),
  );
  return [...new Set(own.map(({ name }) => name))].sort();
}

function sampleValue(
  { series }: ReferenceAnswer,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): unknown {
  return series.find(
    (each) =>
      each.name === name &&
      Object.entries(labels).every((pair) => each.labels.some((own) => own.join() === pair.join())),
  )?.value;
}

describe('--metrics.profile', () => {
  it('minimal says how loaded a sandbox is, what it costs and whether it is well, in less than 6 KB', async () => {
    for (const id of ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(64))) {
      await addShim(id);
    }
    const url = await start('--metrics.profile=minimal');
    const { response } = await scrape(url);
    expect(familiesIn(response, 'a'.repeat(64))).toEqual([
      'kata_sandbox_cpu_cores',
      'kata_sandbox_cpu_steal_seconds_total',
      'kata_sandbox_cpu_usage_seconds_total',
      'kata_sandbox_disk_read_bytes_total',
      'kata_sandbox_disk_written_bytes_total',
      'kata_sandbox_guest_up',
      'kata_sandbox_load1',
      'kata_sandbox_memory_total_bytes',
      'kata_sandbox_memory_working_set_bytes',
      'kata_sandbox_network_receive_bytes_total',
      'kata_sandbox_network_transmit_bytes_total',
      'kata_sandbox_oom_kills_total',
      'kata_sandbox_restarts_total',
      'kata_sandbox_up',
    ]);
    expect(response.series.filter(({ name }) => name === 'kata_sandbox_oom_kills_total')).toHaveLength(4);
    const sizeOf = async (...letters: string[]): Promise<number> =>
      (await scrape(`${url}?${letters.map((letter) => `sandbox=${letter.repeat(64)}`).join('&')}`)).text.length;
    expect(((await sizeOf('a', 'b', 'c', 'd')) - (await sizeOf('a', 'b'))) / 2).toBeLessThan(6000);
  });

  it('is added to and taken from by --metrics.allow and --metrics.deny, own families too', async () => {
    await addShim('a');
    const url = await start(
      '--metrics.profile=minimal',
      '--metrics.allow=kata_shim_go_goroutines,kata_guest_load',
      '--metrics.deny=kata_sandbox_,kata_monitor_process_',
      '--metrics.allow=kata_sandbox_up',
    );
    const { response } = await scrape(url);
    expect(familiesIn(response, 'a')).toEqual(['kata_guest_load', 'kata_sandbox_up', 'kata_shim_go_goroutines']);
    expect(response.series.filter(({ name }) => name === 'kata_guest_load')).toHaveLength(3);
    expect(familiesIn(response).filter((name) => name.startsWith('kata_monitor_process_'))).toEqual([]);
    expect(sampleValue(response, 'kata_monitor_running_shim_count')).toBe(1);
  });

  it('calls nothing a fault that is only not wanted', async () => {
    await addShim('a', `kata_agent_threads one\n${body}foreign_family 1\n`);
    const url = await start('--metrics.profile=minimal');
    for (let i = 0; i < 2; i++) {
      const { response } = await scrape(url);
      expect(familiesIn(response).filter((name) => /error|dropped/.test(name))).toEqual([]);
      expect(sampleValue(response, 'kata_sandbox_up')).toBe(1);
    }
  });
});

describe('A request', () => {
  it('gets by collect[] and exclude[] families by the beginnings of their names', async () => {
    await addShim('a');
    const url = await start();
    const collected = await scrape(
      `${url}?collect[]=kata_guest_load&collect[]=kata_monitor_s&collect[]=kata_sandbox_up`,
    );
    expect(familiesIn(collected.response).filter((name) => !name.startsWith('kata_monitor_s'))).toEqual([
      'kata_guest_load',
      'kata_sandbox_up',
    ]);
    expect(sampleValue(collected.response, 'kata_monitor_scrape_count')).toBe(1);
    const excluded = await scrape(`${url}?exclude[]=kata_monitor_&exclude[]=kata_guest_&foo=bar`);
    const names = familiesIn(excluded.response);
    expect(names.filter((name) => /^kata_(?:monitor|guest)_/.test(name))).toEqual([]);
    expect(names).toContain('kata_agent_threads');
    const filtered = await scrape(`${url}?filter_family=kata_&exclude[]=kata_s`);
    expect(familiesIn(filtered.response).filter((name) => /^kata_(?:monitor|s)/.test(name))).toEqual([]);
    const raw = await scrape(`${url}?sandbox=a&collect[]=go_g&exclude_nothing`);
    expect(familiesIn(raw.response)).toEqual(expect.arrayContaining(['go_goroutines']));
    expect(raw.response.series.flatMap(({ labels }) => labels.filter(([name]) => name === 'sandbox_id'))).toEqual([]);
  });

  it('is refused with the parameter and its value when it cannot be meant', async () => {
    const url = await start();
    for (const [query, message] of [
      [
        'collect[]=kata_a&exclude[]=kata_b',
        'Parameters "collect[]" and "exclude[]" are mutually exclusive, got "kata_a"',
      ],
      ['collect[]=kata%20a', 'Parameter "collect[]" must be a prefix of a family name, got "kata a"'],
      ['sandbox=..', 'got ".."'],
    ] as const) {
      const response = await fetch(`${url}?${query}`);
      expect([response.status, await response.text()]).toEqual([400, expect.stringContaining(message)]);
    }
  });

  it('gets several sandboxes as the node shows them, and passes over those that are gone', async () => {
    const [, , other] = [await addShim('a'), await addShim('b'), await addShim('c')];
    const url = await start();
    const { response } = await scrape(`${url}?sandbox=b&sandbox=a&sandbox=gone`);
    expect(['a', 'b', 'c', 'gone'].map((id) => sampleValue(response, 'kata_sandbox_up', { sandbox_id: id }))).toEqual([
      1,
      1,
      undefined,
      undefined,
    ]);
    expect(familiesIn(response, 'a')).toContain('kata_shim_go_goroutines');
    expect(familiesIn(response).filter((name) => name.startsWith('kata_monitor_'))).toEqual([]);
    expect(other?.requests).toEqual([]);
    expect((await fetch(`${url}?sandbox=x&sandbox=y`)).status).toBe(404);
  });

  it('for a part does not make the state of a sandbox come and go', async () => {
    await addShim('a', `${body}# TYPE kata_guest_load histogram\n`);
    await addShim('b', `${body}foreign_family 1\n`);
    const url = await start();
    for (const query of ['', '?collect[]=kata_agent_', '?sandbox=a&sandbox=b', '?filter_family=kata_sandbox_up', '']) {
      await scrape(url + query);
    }
    const { response } = await scrape(`${url}?collect[]=kata_monitor_sandbox_scrape_errors_total`);
    // Five scrapes of the whole node, whatever they selected.
    expect(sampleValue(response, 'kata_monitor_sandbox_scrape_errors_total', { reason: 'bad_type' })).toBe(5);
    expect(sampleValue(response, 'kata_monitor_sandbox_scrape_errors_total', { reason: 'forbidden_family' })).toBe(5);
    const { stderr } = await program!.stop();
    const said = stderr.split('\n').filter((line) => line.includes('"sandbox"'));
    expect(said.map((line) => (JSON.parse(line) as { sandbox: string }).sandbox)).toEqual(['a', 'b']);
  });
});

describe('A node', () => {
  it('that starts a sandbox has not failed to respond', async () => {
    await addShim('a');
    await mkdir(join(folder, 'starting'));
    const url = await start();
    await scrape(url);
    const starting = await scrape(url);
    expect(sampleValue(starting.response, 'kata_sandbox_scrape_error', { reason: 'starting' })).toBe(1);
    expect(sampleValue(starting.response, 'kata_monitor_scrape_failed_count')).toBe(0);
    await shims[0]!.close();
    const { response } = await scrape(url);
    // A sandbox that fails is no failed scrape, as in the Go monitor: it is counted by its reason.
    expect(sampleValue(response, 'kata_monitor_scrape_failed_count')).toBe(0);
    expect(sampleValue(response, 'kata_monitor_sandbox_scrape_errors_total', { reason: 'missing' })).toBe(1);
  });

  it('has limits by flags, and families beside those of Kata', async () => {
    await addShim('a', `my_family{label="${'v'.repeat(20)}"} 1\nmy_family{a="1",b="2"} 2\nmy_family 3\n${body}`);
    const url = await start(
      '--allow-family-prefix=my_',
      '--max-label-value-bytes=10',
      '--max-labels=1',
      '--max-samples=2',
      '--max-families=3',
      '--max-help-bytes=0',
      '--max-name-bytes=20',
    );
    const { response } = await scrape(url);
    expect(familiesIn(response, 'a').filter((name) => !name.startsWith('kata_sandbox_'))).toContain('my_family');
    expect(sampleValue(response, 'kata_sandbox_scrape_samples')).toBe(2);
    const reasons = ['label_value_too_long', 'too_many_labels', 'too_many_samples', 'name_too_long', 'help_too_long'];
    for (const reason of reasons) {
      expect([reason, sampleValue(response, 'kata_sandbox_scrape_error', { reason })]).toEqual([reason, 1]);
    }
  });

  it('scrapes no more sandboxes than it may', async () => {
    await Promise.all(['a', 'b', 'c'].map((id) => addShim(id)));
    const url = await start('--max-sandboxes=2', '--metrics.profile=minimal');
    const { response } = await scrape(url);
    expect(sampleValue(response, 'kata_monitor_running_shim_count')).toBe(2);
    expect(sampleValue(response, 'kata_monitor_sandboxes_not_asked')).toBe(1);
    expect(familiesIn(response, 'c')).toEqual([]);
    expect(shims.filter(({ requests }) => requests.length > 0)).toHaveLength(2);
  });
});
