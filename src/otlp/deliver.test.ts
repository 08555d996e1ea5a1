import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { deliver } from './deliver.ts';
import { JsonEncoder } from './json-encoder.ts';
import { type PackedBatch, packBatch } from './packed-batch.ts';
import { outcomeOf, type PostResponse } from './post.ts';

const options = { encoder: new JsonEncoder(), compression: 'gzip' } as const;

const batch = (...names: string[]): Promise<PackedBatch> => {
  const parts = names.map((name) => ({ what: name, points: 1, body: Buffer.from(`{"what":"${name}"}`) }));
  return packBatch({ parts, points: names.length }, options);
};

interface Server {
  /** Names in each request. */
  readonly requests: string[][];
  readonly waits: number[];
  readonly quiet: number[];
  readonly warnings: string[];
  readonly troubles: string[];
  readonly deliver: (...batches: Promise<PackedBatch>[]) => ReturnType<typeof deliver>;
}

interface Reply {
  readonly status?: number;
  readonly retryAfterMs?: number;
  readonly text?: string;
  readonly problem?: string;
}

function startServer(respond: (names: readonly string[], count: number) => Reply, maxWaits = 100): Server {
  const requests: string[][] = [];
  const waits: number[] = [];
  const quiet: number[] = [];
  const warnings: string[] = [];
  const troubles: string[] = [];
  const deadline = new AbortController();
  const poster = {
    post: async (body: Buffer): Promise<PostResponse> => {
      const { resourceMetrics } = JSON.parse(gunzipSync(body).toString()) as { resourceMetrics: { what: string }[] };
      const names = resourceMetrics.map(({ what }) => what);
      requests.push(names);
      const { status = 200, retryAfterMs, text = '', problem = `status ${status}` } = respond(names, requests.length);
      return { outcome: outcomeOf(status), retryAfterMs, problem, body: Buffer.from(text) };
    },
    close: () => undefined,
  };
  const wait = async (ms: number): Promise<void> => {
    waits.push(ms);
    if (waits.length >= maxWaits) {
      deadline.abort(new Error('deadline'));
      throw deadline.signal.reason as Error;
    }
  };
  const all = {
    ...options,
    poster,
    signal: deadline.signal,
    wait,
    random: () => 1,
    onQuiet: (ms: number) => quiet.push(ms),
    onWarning: (warning: string) => warnings.push(warning),
    onTrouble: (problem: string) => troubles.push(problem),
  };
  return {
    requests,
    waits,
    quiet,
    warnings,
    troubles,
    deliver: async (...batches) => deliver(await Promise.all(batches), all),
  };
}

describe('deliver', () => {
  it('sends each batch in one request', async () => {
    const server = startServer(() => ({}));
    expect(await server.deliver(batch('a', 'b'), batch('c'))).toEqual({
      sent: 3,
      rejected: 0,
      lost: 0,
      retries: 0,
      problem: undefined,
    });
    expect(server.requests).toEqual([['a', 'b'], ['c']]);
  });

  it.each([429, 502, 503, 504])('repeats a request after status %i, with growing delays', async (status) => {
    const server = startServer((_, count) => (count < 4 ? { status } : {}));
    expect(await server.deliver(batch('a'))).toMatchObject({ sent: 1, lost: 0, retries: 3, problem: undefined });
    expect(server.waits).toEqual([1000, 2000, 4000]);
  });

  it('waits as long as the endpoint says', async () => {
    const server = startServer((_, count) => (count < 2 ? { status: 503, retryAfterMs: 7000 } : {}));
    await server.deliver(batch('a'));
    expect([server.waits, server.quiet, server.troubles]).toEqual([[7000], [7000], []]);
  });

  it('does not repeat a request at once where the endpoint wants to wait longer than a timer can', async () => {
    const server = startServer((_, count) => (count < 2 ? { status: 429, retryAfterMs: 9_999_999_000 } : {}));
    await server.deliver(batch('a'));
    expect(server.waits).toEqual([2 ** 31 - 1]);
  });

  it('does not repeat a request at once where the endpoint says so', async () => {
    const server = startServer((_, count) => (count < 3 ? { status: 429, retryAfterMs: 0 } : {}));
    await server.deliver(batch('a'));
    expect(server.waits).toEqual([1000, 2000]);
  });

  it('gives up at the deadline, and sends nothing of the rest', async () => {
    const server = startServer(() => ({ status: 503, problem: 'connect ECONNREFUSED' }), 10);
    const end = await server.deliver(batch('a', 'b'), batch('c'));
    expect(end).toEqual({ sent: 0, rejected: 0, lost: 3, retries: 9, problem: 'connect ECONNREFUSED' });
    expect(server.waits.at(-1)).toBe(30_000);
    expect(server.troubles).toEqual(['connect ECONNREFUSED']);
  });

  it.each([401, 403, 404, 500, 301])('ends the push after status %i', async (status) => {
    const server = startServer(() => ({ status }));
    const end = await server.deliver(batch('a'), batch('b'));
    expect(end).toMatchObject({ lost: 2, problem: `status ${status}` });
    expect(server.requests).toHaveLength(1);
  });

  it.each([400, 413, 422])('isolates what the endpoint rejects with status %i', async (status) => {
    const server = startServer((names) => (names.includes('bad') ? { status } : {}));
    const end = await server.deliver(batch('a', 'b', 'c', 'bad', 'd', 'e', 'f', 'g'), batch('h'));
    expect(end).toEqual({
      sent: 8,
      rejected: 1,
      lost: 0,
      retries: 0,
      problem: `status ${status} to the metrics of bad`,
    });
    expect(server.requests.length).toBeLessThan(9);
  });

  it('counts what the endpoint rejects in part, and never more than there is', async () => {
    const text = JSON.stringify({ partialSuccess: { rejectedDataPoints: '5', errorMessage: 'too\nold' } });
    const server = startServer(() => ({ text }));
    expect(await server.deliver(batch('a', 'b'))).toMatchObject({
      sent: 0,
      rejected: 2,
      problem: 'it rejected 2 data points: too old',
    });
  });

  it('passes on a warning of an endpoint that has accepted everything', async () => {
    const server = startServer(() => ({ text: '{"partialSuccess":{"errorMessage":"use\\nprotobuf"}}' }));
    expect(await server.deliver(batch('a'))).toMatchObject({ sent: 1, problem: undefined });
    expect(server.warnings).toEqual(['use protobuf']);
  });

  it.each(['OK', '{', '[]', 'null', '{"partialSuccess":null}', '{"partialSuccess":{"rejectedDataPoints":-1}}'])(
    'ignores the body %s',
    async (text) => {
      expect(await startServer(() => ({ text })).deliver(batch('a'))).toMatchObject({ sent: 1, problem: undefined });
    },
  );
});
