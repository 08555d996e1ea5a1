/**
 * Put over the shims of real Kata Containers, our monitor gives the series that the existing one gives. The expected set
 * is made from the rules of that monitor by a plain reader that shares no code with ours:
 * four labels behind the sample's own, `go_*` and `process_*` under `kata_shim_`, values left alone.
 */
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerInChunks, answerWithLength, type FakeShim, startFakeShim } from '../support/fake-shim.ts';
import {
  keyOf,
  parseAnswer,
  type ReferenceSeries,
  seriesInOpenMetrics,
  toSeriesMap,
} from '../support/reference-exposition.ts';
import { pickUrl, type RunningProgram, runProgram } from '../support/run-program.ts';

const body = readFileSync(join(import.meta.dirname, '../fixtures/bodies/go-shim.metrics.txt'));
const goIds = ['0', '1', 'f'].map((digit) => digit.repeat(64));
const rustIds = ['5'.repeat(64), 'My.pod_2-x'];
const ids = [...goIds, ...rustIds].sort();

let folder: string;
let shims: FakeShim[];
let monitor: RunningProgram;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kd-'));
  const start = async (root: string, id: string, response: Parameters<typeof startFakeShim>[1]): Promise<FakeShim> => {
    await mkdir(join(folder, root, id), { recursive: true });
    return startFakeShim(join(folder, root, id, 'shim-monitor.sock'), response);
  };
  shims = await Promise.all([
    ...goIds.map((id) => start('sbs', id, answerInChunks(body))),
    ...rustIds.map((id) => start('kata', id, answerWithLength(body))),
  ]);
  const roots = ['sbs', 'kata'].map((root) => `--sandboxes-root=${join(folder, root)}`);
  monitor = runProgram('kata-monitor', ['--listen-address=127.0.0.1:0', ...roots]);
  url = await monitor.waitForLine(pickUrl);
});

afterAll(async () => {
  await monitor?.stop();
  await Promise.all(shims.map((shim) => shim.close()));
  await rm(folder, { recursive: true });
});

/** What the existing monitor makes of one shim's body. */
function relabel(series: readonly ReferenceSeries[], id: string): ReferenceSeries[] {
  const added = { sandbox_id: id, cri_uid: '', cri_name: '', cri_namespace: '' };
  return series.map((each) => ({
    ...each,
    name: each.name.startsWith('go_') || each.name.startsWith('process_') ? `kata_shim_${each.name}` : each.name,
    labels: [...each.labels, ...Object.entries(added)].sort(([a], [b]) => (a < b ? -1 : 1)),
  }));
}

const shimSeries = parseAnswer(body.toString()).series;
const expected = toSeriesMap(ids.flatMap((id) => relabel(shimSeries, id)));

function ofSandboxes(series: readonly ReferenceSeries[]): Map<string, number> {
  return toSeriesMap(series.filter(({ name }) => !/^kata_(?:monitor|sandbox)_/.test(name)));
}

async function scrape(query = '', accept = 'text/plain;version=0.0.4'): Promise<string> {
  return (await fetch(`${url}/metrics${query}`, { headers: { accept } })).text();
}

describe('the response over shims of real Kata Containers', () => {
  it('has the series and values of the existing monitor', async () => {
    expect(expected.size).toBe(754 * ids.length);
    expect(ofSandboxes(parseAnswer(await scrape()).series)).toEqual(expected);
  });

  it('has them at the second scrape too, which takes over what it knows', async () => {
    await scrape();
    expect(ofSandboxes(parseAnswer(await scrape()).series)).toEqual(expected);
  });

  it('has them in OpenMetrics, but for what that form forbids', async () => {
    const response = parseAnswer(await scrape('', 'application/openmetrics-text;version=1.0.0'));
    const text = parseAnswer(await scrape());
    expect(ofSandboxes(response.series)).toEqual(ofSandboxes(seriesInOpenMetrics(text.series)));
  });

  it('keeps the types and the help of the shims, as the existing monitor does', async () => {
    const { types, helps } = parseAnswer(await scrape());
    const shim = parseAnswer(body.toString());
    for (const [name, type] of shim.types) {
      const finalName = /^(?:go_|process_)/.test(name) ? `kata_shim_${name}` : name;
      expect([finalName, types.get(finalName), helps.get(finalName)]).toEqual([finalName, type, shim.helps.get(name)]);
    }
  });

  it('orders families by name and sandboxes by id', async () => {
    const { series, types } = parseAnswer(await scrape());
    expect([...types.keys()]).toEqual([...types.keys()].sort());
    const idsOfUp = series
      .filter(({ name }) => name === 'kata_sandbox_up')
      .map(({ labels }) => Object.fromEntries(labels)['sandbox_id']);
    expect(idsOfUp).toEqual(ids);
  });

  it('filters by the start of the name, own families left out', async () => {
    const series = parseAnswer(await scrape('?filter_family=kata_guest_load,kata_shim_go_thr,kata_guest')).series;
    const wanted = ids
      .flatMap((id) => relabel(shimSeries, id))
      .filter(({ name }) => /^kata_guest|^kata_shim_go_thr/.test(name));
    expect(toSeriesMap(series)).toEqual(toSeriesMap(wanted));
  });

  it("gives one sandbox's body as its shim gave it", async () => {
    expect(await scrape(`?sandbox=${ids[0]}`)).toBe(body.toString());
    const some = parseAnswer(await scrape(`?sandbox=${ids[0]}&filter_family=kata_guest_load`)).series;
    expect(some.map(keyOf)).toEqual(shimSeries.filter(({ name }) => name === 'kata_guest_load').map(keyOf));
  });

  it('requests nothing but metrics from the shims', () => {
    expect(new Set(shims.flatMap((shim) => shim.requests))).toEqual(new Set(['GET /metrics HTTP/1.1']));
  });
});
