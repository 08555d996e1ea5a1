/**
 * The program kata-monitor over a node where, beside good sandboxes, one sandbox for each row of cases/ lies, hangs or
 * dies in its own way. All share one node: what one of them does must not be seen in any other. Three scrapes: with the
 * faults, with all that can be well, and with the faults again, when the monitor knows how the bodies look.
 */
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findFamily } from '../../../src/catalog/index.ts';
import { answerInChunks, answerWithLength, startFakeShim } from '../../support/fake-shim.ts';
import { parseAnswer, type ReferenceAnswer, seriesInOpenMetrics } from '../../support/reference-exposition.ts';
import { missingPackages } from '../../support/requirements.ts';
import { pickUrl, type RunningProgram, runProgram } from '../../support/run-program.ts';
import { allFaults as faults } from './all-faults.ts';
import { type FaultHandle, preparePlace } from './fault.ts';
import { goodBody } from './good-body.ts';
import { reasonsOf, upOf, valuesIn, valuesOf } from './node-answer.ts';

/** Before, between and after the others by their ids; two of them differ only in case. */
const goodIds = ['0-good', 'good', 'GOOD', 'zz-good'];
/** Time enough for seventy shims in one process, and megabytes, on a machine that does other things too. */
const SHIM_TIMEOUT_MS = 4000;
/** The monitor's default, and the reading of the response. */
const MAX_SCRAPE_MS = 10_000 + 2000;

interface Scrape {
  readonly text: string;
  readonly response: ReferenceAnswer;
  readonly milliseconds: number;
}

let folder: string;
let root: string;
let url: string;
let program: RunningProgram;
const handles: FaultHandle[] = [];
let areFaultsOn = true;
let first: Scrape;
let well: Scrape;
let again: Scrape;
let openMetrics: ReferenceAnswer;

const inOpenMetrics = (response: ReferenceAnswer): ReferenceAnswer => ({
  ...response,
  series: seriesInOpenMetrics(response.series),
});

async function scrape(): Promise<Scrape> {
  const startMs = performance.now();
  const text = await (await fetch(`${url}/metrics`)).text();
  const milliseconds = performance.now() - startMs;
  return { text, response: parseAnswer(text), milliseconds };
}

/** Scrapes until all that can be well is. Unresponsive shims still have an open request; it ends at its timeout. */
async function scrapeWell(): Promise<Scrape> {
  areFaultsOn = false;
  // A directory is new for 30 s only, which a busy machine may need up to the last scrape.
  await rmdir(join(root, 'starting'));
  let scraped: Scrape;
  do {
    scraped = await scrape();
  } while (
    hasSlow(scraped) ||
    faults.some(({ name, canBeWell }) => canBeWell && upOf(scraped.response)[name] !== true)
  );
  await mkdir(join(root, 'starting'));
  areFaultsOn = true;
  return scraped;
}

/** With the faults. They begin anew where a scrape tells nothing about them. */
async function scrapeFaults(): Promise<Scrape> {
  let scraped = await scrape();
  while (hasSlow(scraped)) {
    await scrapeWell();
    scraped = await scrape();
  }
  return scraped;
}

/** Whether a shim took longer than usual: no fault does that, but on a busy machine each may. */
function hasSlow({ text }: Scrape): boolean {
  return /^kata_sandbox_scrape_error\{.*reason="slow"/m.test(text);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kf-'));
  root = join(folder, 'root');
  const outside = join(folder, 'outside');
  await Promise.all([mkdir(root), mkdir(outside)]);
  for (const [i, id] of goodIds.entries()) {
    const { socketPath } = await preparePlace(id, { root, outside, isWell: () => true });
    handles.push(await startFakeShim(socketPath, i % 2 === 0 ? answerInChunks(goodBody) : answerWithLength(goodBody)));
  }
  for (const fault of faults) {
    handles.push(await fault.start(await preparePlace(fault.name, { root, outside, isWell: () => !areFaultsOn })));
  }
  program = runProgram('kata-monitor', [
    '--listen-address=127.0.0.1:0',
    `--sandboxes-root=${root}`,
    `--shim-timeout=${SHIM_TIMEOUT_MS}ms`,
    // What limits each sandbox is looked at here, not what limits all of them together.
    `--extra-bytes=${64 * 1024 * 1024}`,
  ]);
  url = await program.waitForLine(pickUrl);
  first = await scrapeFaults();
  well = await scrapeWell();
  again = await scrapeFaults();
  const accept = 'application/openmetrics-text;version=1.0.0';
  openMetrics = parseAnswer(await (await fetch(`${url}/metrics`, { headers: { accept } })).text());
});

afterAll(async () => {
  await program.stop();
  await Promise.all(handles.map((handle) => handle.close()));
  await rm(folder, { recursive: true });
});

describe('A node of faults', () => {
  it.skipIf(missingPackages(['prometheus']).length > 0)("passes promtool's parser", () => {
    for (const { text } of [first, well, again]) {
      const { status, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
      // 3 is for remarks about style; 1 would be for what cannot be parsed.
      expect([0, 3], stderr).toContain(status);
    }
  });

  it.each(goodIds)('has all of the good sandbox %s', (id) => {
    const wanted = valuesIn(goodBody);
    expect(valuesOf(openMetrics, id)).toEqual(valuesOf(inOpenMetrics(again.response), id));
    for (const response of [first.response, well.response, again.response, openMetrics]) {
      if (response !== openMetrics) {
        expect(valuesOf(response, id)).toEqual(wanted);
      }
      expect(upOf(response)[id]).toBe(true);
      expect(reasonsOf(response, id)).toEqual([]);
    }
  });

  it('keeps type and HELP of the families that the good sandboxes have', () => {
    const { types, helps } = parseAnswer(goodBody);
    const finalName = (name: string): string => name.replace(/^(?=go_|process_)/, 'kata_shim_');
    for (const [name, type] of types) {
      expect(first.response.types.get(finalName(name))).toBe(type);
    }
    for (const [name, help] of helps) {
      // The HELP of the shims where they agree, and that of the catalog where one of them differs.
      const differs = name === 'kata_guest_load';
      expect(first.response.helps.get(finalName(name))).toBe(differs ? findFamily(name)?.help : help);
    }
  });

  it('knows no sandboxes but those that are there', () => {
    const faulty = faults.filter(({ isUp }) => isUp !== undefined).map(({ name }) => name);
    expect(Object.keys(upOf(first.response)).sort()).toEqual([...goodIds, ...faulty].sort());
  });

  it('responds before the deadline of a scrape', () => {
    expect(first.milliseconds).toBeLessThan(MAX_SCRAPE_MS);
  });

  it('has every fault under its own name', () => {
    expect(new Set(faults.map(({ name }) => name)).size).toBe(faults.length);
  });

  it.each(faults)('$name costs what it has to, and says why', ({ name, isUp, reasons, kept }) => {
    for (const { response } of [first, again]) {
      expect(upOf(response)[name]).toBe(isUp);
      expect(reasonsOf(response, name)).toEqual(reasons);
      expect(valuesOf(response, name)).toEqual(valuesIn(kept));
    }
  });

  it.each(faults.filter(({ canBeWell }) => canBeWell))('$name leaves nothing behind when it is over', ({ name }) => {
    expect(reasonsOf(well.response, name)).toEqual([]);
    expect(valuesOf(well.response, name)).toEqual(valuesIn(goodBody));
  });
});
