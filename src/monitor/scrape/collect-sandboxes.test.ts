import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { answerInChunks, answerWithLength, type FakeShim, startFakeShim } from '../../../test/support/fake-shim.ts';
import { waitUntil } from '../../../test/support/processes.ts';
import { valueText } from '../../exposition/index.ts';
import { PacedWork } from '../../program/index.ts';
import { everything, sandboxRules } from '../../sandbox-policy/index.ts';
import { type Sandbox, sandboxIn } from '../../sandboxes/index.ts';
import { ShimClient } from '../../shim-client/index.ts';
import { type CollectOptions, SandboxCollector } from './collect-sandboxes.ts';
import type { Collected, SandboxResult } from './sandbox-result.ts';

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

async function addShim(id: string, response: Parameters<typeof startFakeShim>[1]): Promise<FakeShim> {
  const sandbox = sandboxIn(root, id, 0);
  mkdirSync(sandbox.directory);
  const shim = await startFakeShim(sandbox.socketPath, response);
  shims.set(id, shim);
  sandboxes.push(sandbox);
  return shim;
}

function optionsOf(options: Partial<CollectOptions>): CollectOptions {
  return {
    client,
    work: new PacedWork(),
    listSandboxes: async () => [...sandboxes],
    maxBodyBytes: 1 << 20,
    byteBudget: { share: 1 << 18, extra: 1 << 20 },
    sampleBudget: { share: 1000, extra: 1000 },
    rules: sandboxRules,
    selection: everything,
    maxShimRequests: 8,
    shimTimeoutMs: 10_000,
    ...options,
  };
}

function createCollector(options: Partial<CollectOptions> = {}): SandboxCollector {
  return new SandboxCollector({ lateGraceMs: 1, ...optionsOf(options) });
}

async function collect(
  collector: SandboxCollector,
  signal = never,
  timeoutMs = 20_000,
): Promise<readonly SandboxResult[]> {
  return (await collector.collect({ timeoutMs, signal })).results;
}

function describeResults(results: readonly SandboxResult[]): unknown[] {
  return results.map(({ sandbox, isUp, errors, scan }) => [sandbox.id, isUp, errors.join(), scan?.form.sampleCount]);
}

describe('SandboxCollector', () => {
  it('returns a result for each sandbox, in order, whatever their shims do', async () => {
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

  it('shares a collection in progress', async () => {
    const shim = await addShim('a', answerInChunks(body));
    const collector = createCollector();
    const results = await Promise.all([collect(collector), collect(collector), collect(collector)]);
    expect(results.map(describeResults)).toEqual(Array(3).fill([['a', true, '', 1]]));
    expect(shim.requests).toHaveLength(1);
    await collect(collector);
    expect(shim.requests).toHaveLength(2);
  });

  it('continues for the other callers when one aborts', async () => {
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

  it('cancels the requests when all callers have aborted, and starts anew for the next', async () => {
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

  it('repeats a joined request whose caller aborted', async () => {
    const shim = await addShim('a', { kind: 'silence' });
    const collector = createCollector();
    const leaving = new AbortController();
    const first = collector.collect({ timeoutMs: 20_000, signal: leaving.signal, sandboxIds: ['a'] });
    await shim.nextRequest();
    const second = collect(collector);
    shim.setAnswer(answerInChunks(body));
    leaving.abort(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    expect(describeResults(await second)).toEqual([['a', true, '', 1]]);
  });

  it('waits for an unresponsive shim only as long as for the others, and never sends it concurrent requests', async () => {
    const stuck = await addShim('stuck', { kind: 'silence' });
    const working = await addShim('working', answerInChunks(body));
    const collector = createCollector({ shimTimeoutMs: 60_000 });
    await collect(collector, never, 500);
    expect(stuck.requests).toHaveLength(1);

    // Its second request is open for longer than the test lasts; the scrapes meanwhile end without it and send no request.
    const results = [];
    for (let i = 0; i < 5; i++) {
      results.push(describeResults(await collect(collector)));
    }
    expect(results).toEqual(
      Array(5).fill([
        ['stuck', false, 'timeout', undefined],
        ['working', true, '', 1],
      ]),
    );
    expect(working.requests).toHaveLength(6);
    expect(stuck.requests).toHaveLength(2);
    // That of the first request is closed.
    await waitUntil(() => stuck.openConnections === 1);
  });

  it('trusts an unresponsive shim again as soon as it responds', async () => {
    const shim = await addShim('a', { kind: 'silence' });
    const collector = createCollector({ shimTimeoutMs: 500, lateGraceMs: 5000 });
    await collect(collector);
    shim.setAnswer(answerInChunks(body));
    await waitUntil(async () => (await collect(collector))[0]!.isUp);
    expect(describeResults(await collect(collector))).toEqual([['a', true, '', 1]]);
  });

  it('ends before the timeout, with the results so far', async () => {
    await addShim('a', answerInChunks(body));
    await addShim('b', { kind: 'silence' });
    const results = await collect(createCollector(), never, 500);
    expect(describeResults(results)).toEqual([
      ['a', true, '', 1],
      ['b', false, 'timeout', undefined],
    ]);
  });

  it('keeps only the values of bodies of the same form, which later collections do not touch', async () => {
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
      [0, 1, 999].map((line) => scan && valueText(scan.values, line));
    for (const [at, results] of collected.entries()) {
      expect(results.map(valuesOf)).toEqual(results.map(() => ['0', `${at}`, `${999 * at}`]));
    }
    const bodies = new Set(collected.slice(1).flatMap((results) => results.map(({ scan }) => scan?.form.series.body)));
    expect(bodies.size).toBe(1);
  });

  it('reuses the memory of values when all callers have finished reading them', async () => {
    const lines = Array.from({ length: 1000 }, (_, i) => `kata_guest_vm_stat{item="${i}"} ${i}\n`);
    for (const id of ['form', 'like']) {
      await addShim(id, answerInChunks(`# TYPE kata_guest_vm_stat gauge\n${lines.join('')}`));
    }
    const collector = createCollector();
    const memoryOf = ({ results }: Collected): unknown => results[1]!.scan!.values.words.buffer;
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

  it('truncates only sandboxes that exceed their share of a scrape', async () => {
    const family = (name: string, samples: number): string =>
      Array.from({ length: samples }, (_, i) => `${name}{i="${i}"} 1\n`).join('');
    const long = `${family('kata_guest_a', 900)}${family('kata_guest_b', 900)}${family('kata_guest_c', 900)}`;
    const padding = '# of no use\n'.repeat(60_000);
    for (const id of ['a', 'b', 'c']) {
      await addShim(`samples-${id}`, answerInChunks(long));
      await addShim(`bytes-${id}`, answerInChunks(`${body}kata_guest_y 1\n${padding}kata_guest_z 1\n`));
    }
    await addShim('small', answerInChunks(family('kata_guest_a', 1000)));
    const collector = createCollector({
      byteBudget: { share: 1 << 18, extra: 1 << 20 },
      sampleBudget: { share: 1000, extra: 3000 },
    });
    await collect(collector);
    // 720,000 bytes are more than the share and a third of the extra; of 2,700 samples two families fit in share and part.
    expect(describeResults(await collect(collector))).toEqual([
      ...['a', 'b', 'c'].flatMap((id) => [
        [`samples-${id}`, true, 'over_budget', 1800],
        [`bytes-${id}`, false, 'over_budget', 1],
      ]),
      ['small', true, '', 1000],
    ]);
  });

  it('keeps to the limit of concurrent requests', async () => {
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

describe('SandboxCollector, with a fake clock', () => {
  const shimTimeoutMs = 10_000;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  /** Starts a collection whose state can be examined while the test advances the time. */
  function begin(collector: SandboxCollector, timeoutMs?: number, signal?: AbortSignal) {
    const begun = { isSettled: false, results: collect(collector, signal, timeoutMs) };
    const settle = (): void => {
      begun.isSettled = true;
    };
    begun.results.then(settle, settle);
    return begun;
  }

  /** Lets a collection run until this number of timers is set, then advances the time. */
  async function passTime(timers: number, ms: number): Promise<void> {
    await waitUntil(() => vi.getTimerCount() === timers);
    await vi.advanceTimersByTimeAsync(ms);
  }

  /** Timers of a collection that waits for one unresponsive shim: of the scrape, the request and the grace period. */
  const timersInGrace = 3;

  it('waits 250 ms longer than for the others for an unresponsive shim, and accepts its response until then', async () => {
    const shim = await addShim('stuck', { kind: 'silence' });
    await addShim('working', answerInChunks(body));
    const collector = new SandboxCollector(optionsOf({ shimTimeoutMs }));
    const first = begin(collector);
    await shim.nextRequest();
    await waitUntil(() => shims.get('working')!.requests.length === 1);
    await passTime(2, shimTimeoutMs);
    await waitUntil(() => first.isSettled);

    const second = begin(collector);
    await waitUntil(() => shims.get('working')!.requests.length === 2 && client.idleConnections === 1);
    await passTime(timersInGrace, 249);
    expect(second.isSettled).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(describeResults(await second.results)).toEqual([
      ['stuck', false, 'timeout', undefined],
      ['working', true, '', 1],
    ]);
  });

  it('remembers a shim cut off by the scrape timeout, and keeps the complete families it had sent', async () => {
    const shim = await addShim('stuck', {
      kind: 'bytes',
      bytes: `HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n${body}# TYPE x gauge\nx 1`,
    });
    const collector = new SandboxCollector(optionsOf({ shimTimeoutMs }));
    const first = begin(collector, 1000);
    await shim.nextRequest();
    await passTime(2, 1000);
    expect(describeResults(await first.results)).toEqual([['stuck', false, 'timeout', 1]]);

    const second = begin(collector);
    await passTime(timersInGrace, 250);
    expect(describeResults(await second.results)).toEqual([['stuck', false, 'timeout', undefined]]);
  });

  it('leaves time for writing the response, which grows with the number of sandboxes', async () => {
    const stuck = [];
    for (const id of ['a', 'b', 'c']) {
      stuck.push(await addShim(id, { kind: 'silence' }));
    }
    const collector = new SandboxCollector(optionsOf({ shimTimeoutMs }));
    const first = begin(collector, 1000);
    await Promise.all(stuck.map((shim) => shim.nextRequest()));
    // Of 1000 ms, 2 per sandbox for writing, and 20 between the request timeout and the end of the collection.
    await vi.advanceTimersByTimeAsync(1000 - 3 * 2 - 20 - 1);
    expect(first.isSettled).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(describeResults(await first.results)).toHaveLength(3);
  });

  it('does not blame a shim for a caller that aborted', async () => {
    const shim = await addShim('slow', { kind: 'silence' });
    const collector = new SandboxCollector(optionsOf({ shimTimeoutMs }));
    const leaving = new AbortController();
    const first = begin(collector, undefined, leaving.signal);
    await shim.nextRequest();
    leaving.abort(new Error('gone'));
    await expect(first.results).rejects.toThrow('gone');

    const second = begin(collector);
    await shim.nextRequest();
    await passTime(2, shimTimeoutMs - 1);
    expect(second.isSettled).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(describeResults(await second.results)).toEqual([['slow', false, 'timeout', undefined]]);
  });

  it('scrapes many unresponsive shims in turn, over a quarter of the sockets', async () => {
    const ids = ['a', 'b', 'c', 'd', 'e'];
    for (const id of ids) {
      await addShim(id, { kind: 'silence' });
    }
    const requestCounts = (): number[] => ids.map((id) => shims.get(id)!.requests.length);
    const openCount = (): number => ids.filter((id) => shims.get(id)!.openConnections > 0).length;
    const collector = new SandboxCollector(optionsOf({ shimTimeoutMs, maxShimRequests: 8 }));
    const first = begin(collector);
    await waitUntil(() => openCount() === ids.length);
    await passTime(1 + ids.length, shimTimeoutMs);
    await first.results;

    const rounds: number[][] = [];
    for (let round = 0; round < 3; round++) {
      // Two scrapes with requests to the same two shims: the second opens no connection.
      for (let scrape = 0; scrape < 2; scrape++) {
        const begun = begin(collector);
        await waitUntil(() => openCount() === 2);
        await passTime(4, 250);
        await begun.results;
        expect(openCount()).toBe(2);
      }
      rounds.push(requestCounts());
      await vi.advanceTimersByTimeAsync(shimTimeoutMs);
      await waitUntil(() => openCount() === 0);
    }
    expect(rounds).toEqual([
      [2, 2, 1, 1, 1],
      [2, 2, 2, 2, 1],
      [3, 2, 2, 2, 2],
    ]);
  });

  it('waits once for a shim that is slow, whatever it responds, and later only 250 ms longer than for the others', async () => {
    const shim = await addShim('slow', { kind: 'silence' });
    const fast = await addShim('fast', answerInChunks(body));
    const fastIsDone = (requests: number): Promise<void> =>
      waitUntil(() => fast.requests.length === requests && client.idleConnections === 1);
    const collector = new SandboxCollector(optionsOf({ shimTimeoutMs, idleNowMs: () => performance.now() }));
    const first = begin(collector);
    await shim.nextRequest();
    await passTime(2, 2900);
    expect(first.isSettled).toBe(false);
    shim.respond(answerInChunks(body));
    expect(describeResults(await first.results)).toEqual([
      ['slow', true, 'slow', 1],
      ['fast', true, '', 1],
    ]);

    const second = begin(collector);
    await shim.nextRequest();
    await fastIsDone(2);
    await passTime(timersInGrace, 250);
    expect(describeResults(await second.results)).toEqual([
      ['slow', false, 'slow', undefined],
      ['fast', true, '', 1],
    ]);
    // A response in time is used: that of the second request arrives during the third scrape.
    const third = begin(collector);
    await fastIsDone(3);
    await passTime(timersInGrace, 200);
    shim.respond(answerInChunks(body));
    expect(describeResults(await third.results)).toEqual([
      ['slow', true, '', 1],
      ['fast', true, '', 1],
    ]);
  });

  it('does not wait for a shim that is slow every second time', async () => {
    const shim = await addShim('a', { kind: 'silence' });
    const collector = new SandboxCollector(optionsOf({ shimTimeoutMs, idleNowMs: () => performance.now() }));
    const first = begin(collector);
    await shim.nextRequest();
    await passTime(2, 600);
    shim.respond(answerInChunks(body));
    expect(describeResults(await first.results)).toEqual([['a', true, 'slow', 1]]);
    for (let scrape = 0; scrape < 4; scrape++) {
      shim.setAnswer(answerInChunks(body));
      expect(describeResults(await collect(collector))).toEqual([['a', true, '', 1]]);
      shim.setAnswer({ kind: 'silence' });
      const begun = begin(collector);
      await shim.nextRequest();
      await passTime(timersInGrace, 250);
      expect(describeResults(await begun.results)).toEqual([['a', false, 'slow', undefined]]);
      await waitUntil(() => shim.openConnections === 0);
    }
  });

  it('reports the age of the last complete response', async () => {
    const shim = await addShim('a', answerInChunks(body));
    const collector = new SandboxCollector(optionsOf({ shimTimeoutMs }));
    const ages: (number | undefined)[] = [];
    const collectAge = async (): Promise<void> => {
      const [result] = await collect(collector);
      ages.push(result?.successAgeMs);
    };
    await collectAge();
    shim.setAnswer(answerWithLength('', { status: '500 No' }));
    for (const ms of [5000, 60_000]) {
      await vi.advanceTimersByTimeAsync(ms);
      await collectAge();
    }
    shim.setAnswer(answerInChunks(body));
    await collectAge();
    expect(ages).toEqual([0, 5000, 65_000, 0]);
  });
});
