/**
 * The program kata-monitor over a root with 10,000 directories, more than it may scrape: the response comes in time, is the same
 * each time, and says how many are left out; the sandboxes that were there first are whole.
 */
import { mkdir, mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerInChunks, type FakeShim, startFakeShim } from '../../support/fake-shim.ts';
import { parseAnswer, type ReferenceAnswer } from '../../support/reference-exposition.ts';
import { pickUrl, type RunningProgram, runProgram } from '../../support/run-program.ts';
import { goodBody } from './good-body.ts';
import { reasonsOf, upOf, valuesIn, valuesOf } from './node-answer.ts';

const DIRECTORIES = 10_000;
const MAX_SANDBOXES = 4096;
/** The monitor's default, and the reading of the response. */
const MAX_SCRAPE_MS = 10_000 + 2000;
/** Behind all directories by their ids. */
const goodIds = ['zz-good-1', 'zz-good-2'];

let folder: string;
let program: RunningProgram;
let url: string;
const shims: FakeShim[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kf-'));
  for (const id of goodIds) {
    await mkdir(join(folder, id));
    shims.push(await startFakeShim(join(folder, id, 'shim-monitor.sock'), answerInChunks(goodBody)));
  }
  program = runProgram('kata-monitor', ['--listen-address=127.0.0.1:0', `--sandboxes-root=${folder}`]);
  url = await program.waitForLine(pickUrl);
  const longAgo = new Date(0);
  for (let i = 0; i < DIRECTORIES; i++) {
    const directory = join(folder, `dir-${String(i).padStart(5, '0')}`);
    await mkdir(directory);
    await utimes(directory, longAgo, longAgo);
  }
});

afterAll(async () => {
  await program.stop();
  await Promise.all(shims.map((shim) => shim.close()));
  await rm(folder, { recursive: true });
});

/** Again where a good shim was slow, as each may be on a busy machine. */
async function scrape(): Promise<{ response: ReferenceAnswer; milliseconds: number }> {
  for (;;) {
    const startMs = performance.now();
    const text = await (await fetch(`${url}/metrics`)).text();
    const milliseconds = performance.now() - startMs;
    if (!/^kata_sandbox_scrape_error\{.*reason="slow"/m.test(text)) {
      return { response: parseAnswer(text), milliseconds };
    }
  }
}

const sampleValue = ({ series }: ReferenceAnswer, family: string): number | undefined =>
  series.find(({ name }) => name === family)?.value;

describe('A node of 10,000 directories', () => {
  it('responds in time, with as many sandboxes as may be scraped', async () => {
    const { response, milliseconds } = await scrape();
    expect(milliseconds).toBeLessThan(MAX_SCRAPE_MS);
    expect(Object.keys(upOf(response))).toHaveLength(MAX_SANDBOXES);
    expect(sampleValue(response, 'kata_monitor_running_shim_count')).toBe(MAX_SANDBOXES);
    expect(sampleValue(response, 'kata_monitor_sandboxes_not_asked')).toBe(
      DIRECTORIES + goodIds.length - MAX_SANDBOXES,
    );
    expect(reasonsOf(response, 'dir-00000')).toEqual(['missing']);
  });

  it('keeps the sandboxes that were there first, and the same others each time', async () => {
    const [first, second] = [await scrape(), await scrape()];
    for (const id of goodIds) {
      expect(valuesOf(second.response, id)).toEqual(valuesIn(goodBody));
    }
    expect(upOf(second.response)).toEqual(upOf(first.response));
  });

  it('is said once in the log', async () => {
    const { stderr } = await program.stop();
    expect(stderr.split('More sandboxes than --max-sandboxes')).toHaveLength(2);
  });
});
