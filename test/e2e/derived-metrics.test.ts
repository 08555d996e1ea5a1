/**
 * The metrics in base units as they are in the monitor's response, over shims of three runtimes.
 */
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { derivedFamilies } from '../../src/catalog/derived.ts';
import { answerInChunks, answerWithLength, type FakeShim, startFakeShim } from '../support/fake-shim.ts';
import { parseAnswer } from '../support/reference-exposition.ts';
import { pickUrl, type RunningProgram, runProgram } from '../support/run-program.ts';

const runtimes = ['go-shim', 'kata-shim', 'runtime-rs'] as const;

let folder: string;
let shims: FakeShim[];
let monitor: RunningProgram;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kf-'));
  shims = await Promise.all(
    runtimes.map(async (runtime) => {
      await mkdir(join(folder, runtime));
      const body = readFileSync(join(import.meta.dirname, `../fixtures/bodies/${runtime}.metrics.txt`));
      return startFakeShim(join(folder, runtime, 'shim-monitor.sock'), answerInChunks(body));
    }),
  );
});

afterEach(() => monitor.stop());

afterAll(async () => {
  await Promise.all(shims.map((shim) => shim.close()));
  await rm(folder, { recursive: true });
});

async function start(...flags: string[]): Promise<void> {
  monitor = runProgram('kata-monitor', [
    '--listen-address=127.0.0.1:0',
    `--sandboxes-root=${folder}`,
    `--runtime-endpoint=${folder}/none`,
    ...flags,
  ]);
  url = await monitor.waitForLine(pickUrl);
}

/** Values by series, of one sandbox or of all. */
async function readDerived(query = '', sandbox?: string): Promise<Record<string, number>> {
  const { series } = parseAnswer(await (await fetch(`${url}/metrics${query}`)).text());
  const derived = series.filter(({ name }) => Object.hasOwn(derivedFamilies, name));
  return Object.fromEntries(
    derived
      .map(({ name, labels, value }) => ({ name, labels: new Map(labels), value }))
      .filter(({ labels }) => sandbox === undefined || labels.get('sandbox_id') === sandbox)
      .map(({ name, labels, value }) => [
        [
          name,
          ...[...labels].filter(([label, text]) => text !== '' && label !== 'cri_name').map(([, text]) => text),
        ].join(' '),
        value,
      ]),
  );
}

describe('the derived metrics in the response', () => {
  it('are there for every runtime', async () => {
    await start();
    const derived = await readDerived();
    for (const runtime of runtimes) {
      expect(derived).toHaveProperty([`kata_sandbox_memory_working_set_bytes ${runtime}`]);
      expect(derived).toHaveProperty([`kata_sandbox_cpu_usage_seconds_total ${runtime}`]);
    }
    expect(derived).toMatchObject({
      'kata_sandbox_cpu_usage_seconds_total go-shim': 274.73,
      'kata_sandbox_network_receive_bytes_total eth0 go-shim': 86_304,
    });
    // VmRSS of process 162 in test/fixtures/procfs/6.12, where hypervisor and shim are one.
    const [, kib] = /^VmRSS:\s+(\d+) kB/m.exec(
      readFileSync(join(import.meta.dirname, '../fixtures/procfs/6.12/162/status'), 'latin1'),
    )!;
    expect(derived['kata_sandbox_host_memory_bytes runtime-rs']).toBe(Number(kib) * 1024);
    expect(derived).not.toHaveProperty(['kata_sandbox_host_memory_bytes go-shim']);
  });

  it('are the same at the second scrape, which takes over what it knows', async () => {
    await start();
    const first = await readDerived();
    expect(await readDerived()).toEqual(first);
    expect(Object.keys(first).length).toBeGreaterThan(50);
  });

  it('do not depend on the profile', async () => {
    await start();
    const full = await readDerived();
    await monitor.stop();
    await start('--metrics.profile=standard', '--metrics.deny=kata_guest_,kata_shim_');
    expect(await readDerived()).toEqual(full);
    await monitor.stop();
    // This one has fewer of them, and none of what they are worked out from.
    await start('--metrics.profile=minimal');
    const few = await readDerived();
    expect(full).toMatchObject(few);
    expect(few).toHaveProperty(['kata_sandbox_host_memory_bytes runtime-rs']);
    expect(Object.keys(few).length).toBeGreaterThan(30);
  });

  it('are not there with --no-derived', async () => {
    await start('--no-derived');
    expect(await readDerived()).toEqual({});
  });

  it('have the labels of pods with --pod-names=info, as all families of kata_sandbox_* and no others', async () => {
    await start('--pod-names=info');
    const { series } = parseAnswer(await (await fetch(`${url}/metrics`)).text());
    const ofSandboxes = series.filter(({ labels }) => labels.some(([label]) => label === 'sandbox_id'));
    const names = (hasPod: boolean): string[] =>
      ofSandboxes
        .filter(({ labels }) => labels.some(([label]) => label.startsWith('cri_')) === hasPod)
        .map(({ name }) => name.split('_').slice(0, 2).join('_'));
    expect(new Set(names(true))).toEqual(new Set(['kata_sandbox']));
    expect(new Set(names(false))).toEqual(
      new Set(['kata_agent', 'kata_guest', 'kata_hypervisor', 'kata_shim', 'kata_virtiofsd']),
    );
  });

  it('can be selected by name', async () => {
    await start();
    expect(Object.keys(await readDerived('?filter_family=kata_sandbox_memory_total', 'go-shim'))).toEqual([
      'kata_sandbox_memory_total_bytes go-shim',
    ]);
  });

  it('fall when a guest starts again, as counters may', async () => {
    await start();
    const used = 'kata_sandbox_cpu_usage_seconds_total kata-shim';
    const before = await readDerived();
    shims[1]!.setAnswer(
      answerWithLength('# TYPE kata_guest_cpu_time gauge\nkata_guest_cpu_time{cpu="total",item="user"} 10\n'),
    );
    expect(await readDerived('', 'kata-shim')).toEqual({ [used]: 0.01 });
    expect(before[used]).toBeGreaterThan(0.01);
  });
});
