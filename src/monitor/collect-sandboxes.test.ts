import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerInChunks, answerWithLength, type FakeShim, startFakeShim } from '../../test/support/fake-shim.ts';
import { waitUntil } from '../../test/support/processes.ts';
import { ShimClient } from '../shim-client/index.ts';
import { type CollectOptions, SandboxCollector } from './collect-sandboxes.ts';
import type { Collected } from './collection.ts';
import { everything } from './family-selection.ts';
import { type Sandbox, sandboxIn } from './sandbox.ts';
import type { SandboxResult } from './sandbox-result.ts';
import { sandboxRules } from './sandbox-rules.ts';

const body = '# TYPE kata_guest_load gauge\nkata_guest_load{item="load1"} 1\n';
const never = new AbortController().signal;

let root: string;
let client: ShimClient;
let shims: Map<string, FakeShim>;
let sandboxes: Sandbox[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kc-'));
  client = new ShimClient();
  shims = new Map();
  sandboxes = [];
});

afterEach(async () => {
  client.close();
  await Promise.all([...shims.values()].map((shim) => shim.close()));
  rmSync(root, { recursive: true });
});

async function addShim(id: string, answer: Parameters<typeof startFakeShim>[1]): Promise<FakeShim> {
  const sandbox = sandboxIn(root, id, 0);
  mkdirSync(sandbox.directory);
  const shim = await startFakeShim(sandbox.socketPath, answer);
  shims.set(id, shim);
  sandboxes.push(sandbox);
  return shim;
}

function createCollector(options: Partial<CollectOptions> = {}): SandboxCollector {
  return new SandboxCollector({
    client,
    listSandboxes: async () => [...sandboxes],
    maxBodyBytes: 1 << 20,
    rules: sandboxRules,
    selection: everything,
    maxShimRequests: 8,
    shimTimeoutMs: 10_000,
    hungGraceMs: 1,
    ...options,
  });
}

async function collect(
  collector: SandboxCollector,
  signal = never,
  timeoutMs = 20_000,
): Promise<readonly SandboxResult[]> {
  return (await collector.collect({ timeoutMs, signal })).results;
}

function describeResults(results: readonly SandboxResult[]): unknown[] {
  return results.map(({ sandbox, isUp, errors, scan }) => [sandbox.id, isUp, errors.join(), scan?.sampleCount]);
}

describe('SandboxCollector', () => {
  it('gives a result for each sandbox, in their order, whatever their shims do', async () => {
    await addShim('a', answerInChunks(body));
    await addShim('b', { kind: 'bytes', bytes: 'HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n' });
    await addShim('c', answerWithLength(`${body}broken line\n`));
    sandboxes.push(sandboxIn(root, 'd', 0), sandboxIn(root, 'gone', 0));
    mkdirSync(sandboxes[3]!.directory);
    await addShim('e', {
      kind: 'bytes',
      bytes: `HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n${body}# TYPE x gauge\nx 1`,
      ending: 'close',
    });
    expect(describeResults(await collect(createCollector()))).toEqual([
      ['a', true, '', 1],
      ['b', false, 'http_status', undefined],
      ['c', true, 'bad_value', 1],
      ['d', false, 'missing', undefined],
      ['e', false, 'reset', 1],
    ]);
  });

  it('shares a collection that is under way', async () => {
    const shim = await addShim('a', answerInChunks(body));
    const collector = createCollector();
    const results = await Promise.all([collect(collector), collect(collector), collect(collector)]);
    expect(results.map(describeResults)).toEqual(Array(3).fill([['a', true, '', 1]]));
    expect(shim.requests).toHaveLength(1);
    await collect(collector);
    expect(shim.requests).toHaveLength(2);
  });

  it('does not let one who goes away take the collection from the others', async () => {
    const shim = await addShim('a', { kind: 'silence' });
    const collector = createCollector({ shimTimeoutMs: 200 });
    const gone = new AbortController();
    const first = collect(collector, gone.signal);
    await shim.nextRequest();
    const second = collect(collector);
    gone.abort(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    expect(describeResults(await second)).toEqual([['a', false, 'timeout', undefined]]);
  });

  it('ends the requests when all have gone, and begins anew for the next', async () => {
    const shim = await addShim('a', { kind: 'silence' });
    const collector = createCollector();
    const gone = new AbortController();
    const first = collect(collector, gone.signal);
    await shim.nextRequest();
    gone.abort(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    shim.setAnswer(answerInChunks(body));
    expect(describeResults(await collect(collector))).toEqual([['a', true, '', 1]]);
    await waitUntil(() => shim.openConnections === 1);
  });

  it('waits for a shim that hung only as long as for the others, and never asks it twice at a time', async () => {
    const hung = await addShim('hung', { kind: 'silence' });
    const well = await addShim('well', answerInChunks(body));
    const collector = createCollector({ shimTimeoutMs: 500 });
    await collect(collector);
    expect(hung.requests).toHaveLength(1);

    // Its second request is under way for half a second; the scrapes of that time end without it and do not ask again.
    const results = [];
    for (let i = 0; i < 5; i++) {
      results.push(describeResults(await collect(collector)));
    }
    expect(results).toEqual(
      Array(5).fill([
        ['hung', false, 'timeout', undefined],
        ['well', true, '', 1],
      ]),
    );
    expect(well.requests).toHaveLength(6);
    expect(hung.openConnections).toBe(1);
    expect(hung.requests.length).toBeLessThan(6);
  });

  it('takes a shim that hung for well as soon as it answers', async () => {
    const shim = await addShim('a', { kind: 'silence' });
    const collector = createCollector({ shimTimeoutMs: 50 });
    await collect(collector);
    shim.setAnswer(answerInChunks(body));
    await waitUntil(async () => (await collect(collector))[0]!.isUp);
    expect(describeResults(await collect(collector))).toEqual([['a', true, '', 1]]);
  });

  it('answers before the time is over, with what it has', async () => {
    await addShim('a', answerInChunks(body));
    await addShim('b', { kind: 'silence' });
    const results = await collect(createCollector(), never, 100);
    expect(describeResults(results)).toEqual([
      ['a', true, '', 1],
      ['b', false, 'timeout', undefined],
    ]);
  });

  it('keeps of bodies that are like another only the values, which later collections do not touch', async () => {
    let round = 0;
    const bodyOfRound = (): string => {
      const lines = Array.from({ length: 1000 }, (_, i) => `kata_guest_vm_stat{item="${i}"} ${i * round}\n`);
      return `# TYPE kata_guest_vm_stat gauge\n${lines.join('')}`;
    };
    for (const id of ['form', 'like']) {
      await addShim(id, () => answerInChunks(bodyOfRound()));
    }
    const collector = createCollector();
    const collected: (readonly SandboxResult[])[] = [];
    for (; round < 4; round++) {
      collected.push(await collect(collector));
    }
    const valuesOf = ({ scan }: SandboxResult): (string | undefined)[] =>
      [0, 1, 999].map((line) => scan?.lines.valueTextOf(line));
    for (const [at, results] of collected.entries()) {
      expect(results.map(valuesOf)).toEqual(results.map(() => ['0', `${at}`, `${999 * at}`]));
    }
    const bodies = new Set(collected.slice(1).flatMap((results) => results.map(({ scan }) => scan?.lines.body)));
    expect(bodies.size).toBe(1);
  });

  it('uses the memory of values again when all who read them are done', async () => {
    const lines = Array.from({ length: 1000 }, (_, i) => `kata_guest_vm_stat{item="${i}"} ${i}\n`);
    for (const id of ['form', 'like']) {
      await addShim(id, answerInChunks(`# TYPE kata_guest_vm_stat gauge\n${lines.join('')}`));
    }
    const collector = createCollector();
    const memoryOf = ({ results }: Collected): unknown => results[1]!.scan!.lines.valueWords.buffer;
    const collectTwice = (): Promise<Collected[]> =>
      Promise.all([0, 1].map(() => collector.collect({ timeoutMs: 20_000, signal: never })));
    await collectTwice();
    const [first, second] = await collectTwice();
    expect(memoryOf(second!)).toBe(memoryOf(first!));
    first!.release();
    const [third] = await collectTwice();
    expect(memoryOf(third!)).not.toBe(memoryOf(second!));
    second!.release();
    const [fourth] = await collectTwice();
    expect(memoryOf(fourth!)).toBe(memoryOf(second!));
  });

  it('has no more requests open than it may', async () => {
    let open = 0;
    let most = 0;
    const ids = Array.from({ length: 12 }, (_, i) => `s${i}`);
    for (const id of ids) {
      await addShim(id, () => {
        open++;
        most = Math.max(
          most,
          [...shims.values()].reduce((sum, shim) => sum + shim.openConnections, 0),
        );
        open--;
        return { kind: 'bytes', bytes: `HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${body}`, ending: 'close' };
      });
    }
    const results = await collect(createCollector({ maxShimRequests: 3 }));
    expect(results.every(({ isUp }) => isUp)).toBe(true);
    expect(open).toBe(0);
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(3);
  });
});
