/**
 * One unresponsive sandbox among 50, under the program kata-monitor: it costs one scrape its timeout, later ones do not wait for it,
 * it has never more than one request, and when it responds again it is as the others. What that takes in milliseconds is
 * measured by bench/unresponsive.ts.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerInChunks, type FakeAnswer, type FakeShim, startFakeShim } from '../support/fake-shim.ts';
import { waitUntil } from '../support/processes.ts';
import { parseAnswer } from '../support/reference-exposition.ts';
import { pickUrl, type RunningProgram, runProgram } from '../support/run-program.ts';
import { reasonsOf, upOf, valuesIn, valuesOf } from '../system/faults/node-answer.ts';

const body = '# TYPE kata_guest_load gauge\nkata_guest_load{item="load1"} 1\n';
const unresponsiveId = 'm-unresponsive';
const wellIds = Array.from({ length: 49 }, (_, i) => `${i % 2 === 0 ? 'a' : 'z'}-${i}`);

let folder: string;
let unresponsive: FakeShim;
let shims: FakeShim[];
let program: RunningProgram;
let url: string;

/** The timeout of a shim is one that no test would live to see, but for the first scrape's own time. */
const shimTimeout = '10m';
/** In which the other shims respond, also to the first scrape of a monitor on a busy machine. */
const FIRST_TIMEOUT_SECONDS = 4;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kg-'));
  const start = async (id: string, response: FakeAnswer): Promise<FakeShim> => {
    await mkdir(join(folder, 'root', id), { recursive: true });
    return startFakeShim(join(folder, 'root', id, 'shim-monitor.sock'), response);
  };
  unresponsive = await start(unresponsiveId, { kind: 'silence' });
  shims = await Promise.all(wellIds.map((id) => start(id, answerInChunks(body))));
  program = runProgram('kata-monitor', [
    '--listen-address=127.0.0.1:0',
    `--sandboxes-root=${folder}/root`,
    `--runtime-endpoint=${folder}/none.sock`,
    `--shim-timeout=${shimTimeout}`,
    '--scrape-timeout=10m',
  ]);
  url = await program.waitForLine(pickUrl);
});

afterAll(async () => {
  await program.stop();
  await Promise.all([unresponsive, ...shims].map((shim) => shim.close()));
  await rm(folder, { recursive: true });
});

async function scrape(timeoutSeconds?: number): Promise<ReturnType<typeof parseAnswer>> {
  const headers: Record<string, string> =
    timeoutSeconds === undefined ? {} : { 'x-prometheus-scrape-timeout-seconds': `${timeoutSeconds}` };
  const response = parseAnswer(await (await fetch(`${url}/metrics`, { headers })).text());
  for (const id of wellIds) {
    expect(valuesOf(response, id)).toEqual(valuesIn(body));
  }
  return response;
}

describe('One unresponsive sandbox among 50', () => {
  it('costs the first scrape no more than the time that the client has, and no other sandbox', async () => {
    const response = await scrape(FIRST_TIMEOUT_SECONDS);
    expect(upOf(response)[unresponsiveId]).toBe(false);
    expect(reasonsOf(response, unresponsiveId)).toEqual(['timeout']);
  });

  it('is not waited for again, and has one request at a time', async () => {
    const before = unresponsive.requests.length;
    // Waiting for it would take ten minutes: that these responses arrive at all shows that no scrape waits.
    for (let i = 0; i < 4; i++) {
      expect(reasonsOf(await scrape(), unresponsiveId)).toEqual(['timeout']);
    }
    expect(unresponsive.requests.length - before).toBe(1);
    expect(unresponsive.openConnections).toBe(1);
    expect(shims.map(({ requests }) => requests.length)).toEqual(wellIds.map(() => 5));
  });

  it('is as the others as soon as it responds', async () => {
    unresponsive.setAnswer(answerInChunks(body));
    // The request that never got a response ends with its connection.
    await unresponsive.dropConnections();
    await waitUntil(async () => upOf(await scrape())[unresponsiveId] === true);
    const response = await scrape();
    expect(reasonsOf(response, unresponsiveId)).toEqual([]);
    expect(valuesOf(response, unresponsiveId)).toEqual(valuesIn(body));
  });
});
