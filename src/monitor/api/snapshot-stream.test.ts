import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SandboxDetail, Snapshot } from '../../api/index.ts';
import type { NodeReading, ReadNodeRequest } from './read-node.ts';
import { SnapshotStream } from './snapshot-stream.ts';

interface Reading {
  readonly request: ReadNodeRequest;
  readonly resolve: (reading: NodeReading) => void;
  readonly reject: (error: unknown) => void;
}

const INTERVAL_MS = 2000;
let readings: Reading[];
let errors: unknown[];
let stream: SnapshotStream;
let clients: AbortController[];
let cpuMs: number;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  readings = [];
  errors = [];
  clients = [];
  cpuMs = 0;
  const read = (request: ReadNodeRequest): Promise<NodeReading> => {
    const { promise, resolve, reject } = Promise.withResolvers<NodeReading>();
    request.signal.addEventListener('abort', () => reject(request.signal.reason));
    readings.push({ request, resolve, reject });
    return promise;
  };
  stream = new SnapshotStream({
    reader: { read },
    timeoutMs: 10,
    intervalMs: INTERVAL_MS,
    cpuMs: () => cpuMs,
    onError: (error) => {
      errors.push(error);
      return { title: 'Internal Server Error', status: 500, detail: 'Internal error, see the log of the monitor' };
    },
  });
});

afterEach(() => {
  stream.close();
  vi.useRealTimers();
});

function connect(options: { lastEventId?: string; sandboxId?: string } = {}): AsyncGenerator<Buffer> {
  const client = new AbortController();
  clients.push(client);
  return stream.events({ ...options, signal: client.signal });
}

const reading = (name: string, ...ids: string[]): NodeReading => ({
  snapshot: { node: { hostname: name }, sandboxes: [] } as unknown as Snapshot,
  details: new Map(ids.map((id) => [id, { sandbox: { id } } as unknown as SandboxDetail])),
});

async function next(events: AsyncGenerator<Buffer>): Promise<string | undefined> {
  const { value } = await events.next();
  return value === undefined ? undefined : (value as Buffer).toString();
}

const nameIn = (event: string | undefined) => /"hostname":"(\w+)"/.exec(event ?? '')?.[1];
const idIn = (event: string | undefined) => /^id: (.+)$/m.exec(event ?? '')?.[1];
/** Runs what is due, and the promises that follow from it. */
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe('SnapshotStream', () => {
  it('collects nothing without a client, and once for several', async () => {
    await pass(10 * INTERVAL_MS);
    expect(readings).toHaveLength(0);
    const [one, other] = [connect(), connect()];
    expect(await next(one)).toBe('retry: 2000\n\n');
    await next(other);
    const events = [next(one), next(other)];
    await pass(0);
    expect(readings).toHaveLength(1);
    readings[0]!.resolve(reading('first'));
    expect((await Promise.all(events)).map(nameIn)).toEqual(['first', 'first']);
  });

  it('begins a collection every interval, but none while no client waits', async () => {
    const events = connect();
    await next(events);
    for (let i = 0; i < 3; i++) {
      const event = next(events);
      if (i > 0) {
        await pass(INTERVAL_MS - 1);
        expect(readings).toHaveLength(i);
        await pass(1);
      } else {
        await pass(0);
      }
      readings[i]!.resolve(reading(`n${i}`));
      expect(nameIn(await event)).toBe(`n${i}`);
    }
    // The client does not read: nothing is collected for it, and then it gets the latest.
    await pass(100 * INTERVAL_MS);
    expect(readings).toHaveLength(3);
    const event = next(events);
    await pass(0);
    readings[3]!.resolve(reading('late'));
    expect(nameIn(await event)).toBe('late');
  });

  it.each([
    [55, INTERVAL_MS],
    [100, 3600],
    [5000, 10_000],
  ])('begins a collection that costs %d ms of CPU time every %d ms', async (costMs, intervalMs) => {
    const events = connect();
    await next(events);
    // The first ones count less: the code was not optimized.
    for (const [i, waitMs] of [0, INTERVAL_MS, INTERVAL_MS, intervalMs, intervalMs].entries()) {
      const event = next(events);
      if (waitMs > 0) {
        await pass(waitMs - 1);
        expect(readings).toHaveLength(i);
      }
      await pass(waitMs === 0 ? 0 : 1);
      cpuMs += costMs;
      readings[i]!.resolve(reading(`n${i}`));
      expect(nameIn(await event)).toBe(`n${i}`);
    }
  });

  it('sends a fresh event to a new client at once, but not one that it already has', async () => {
    const first = connect();
    await next(first);
    const event = next(first);
    await pass(0);
    readings[0]!.resolve(reading('first'));
    const lastEventId = idIn(await event)!;
    const fresh = connect();
    await next(fresh);
    expect(nameIn(await next(fresh))).toBe('first');
    for (const [id, expected] of [
      [lastEventId, 2],
      ['other-1', 1],
      ['', 1],
      [`${lastEventId}x`, 1],
    ] as const) {
      const again = connect({ lastEventId: id });
      await next(again);
      const pending = next(again);
      await pass(expected === 2 ? INTERVAL_MS : 0);
      expect(readings).toHaveLength(2);
      if (expected === 2) {
        readings[1]!.resolve(reading('second'));
        expect(nameIn(await pending)).toBe('second');
      } else {
        expect(nameIn(await pending)).toBe('second');
      }
    }
  });

  it('cancels the collection when the last client leaves, and collects again for the next', async () => {
    const events = connect();
    await next(events);
    const event = next(events);
    await pass(0);
    clients[0]!.abort();
    expect(await event).toBeUndefined();
    expect(readings[0]!.request.signal.aborted).toBe(true);
    const other = connect();
    await next(other);
    const pending = next(other);
    await pass(0);
    expect(readings).toHaveLength(2);
    readings[1]!.resolve(reading('second'));
    expect(nameIn(await pending)).toBe('second');
    expect(errors).toEqual([]);
  });

  it('sends the details of the sandboxes that clients watch, from the same collection', async () => {
    const [plain, ofA, ofGone] = [connect(), connect({ sandboxId: 'a' }), connect({ sandboxId: 'b' })];
    for (const events of [plain, ofA, ofGone]) {
      await next(events);
    }
    const events = [next(plain), next(ofA), next(ofGone)];
    await pass(0);
    expect([...readings[0]!.request.detailIds!].sort()).toEqual(['a', 'b']);
    readings[0]!.resolve(reading('first', 'a'));
    await Promise.all(events);
    expect(await next(ofA)).toBe('event: sandbox\ndata: {"sandbox":{"id":"a"}}\n\n');
    expect(await next(ofGone)).toBe('event: gone\ndata: {"id":"b"}\n\n');
  });

  it('reports a failed collection, and goes on', async () => {
    const events = connect();
    await next(events);
    const event = next(events);
    await pass(0);
    const bug = new Error('bug');
    readings[0]!.reject(bug);
    expect(await event).toMatch(/^event: problem\nid: \w+-1\ndata: \{"title":"Internal Server Error","status":500/);
    expect(errors).toEqual([bug]);
    const later = next(events);
    await pass(INTERVAL_MS);
    readings[1]!.resolve(reading('better'));
    expect(nameIn(await later)).toBe('better');
  });

  it('ends all clients when it is closed', async () => {
    const events = connect();
    await next(events);
    const event = next(events);
    await pass(0);
    stream.close();
    expect(await event).toBeUndefined();
    expect((await events.next()).done).toBe(true);
    expect(await next(connect())).toBe('retry: 2000\n\n');
    expect(errors).toEqual([]);
  });

  it('keeps hostile text in one line of data', async () => {
    const events = connect();
    await next(events);
    const event = next(events);
    await pass(0);
    readings[0]!.resolve(reading('a\n\nevent: x\r\ndata: <script>\u2028'));
    expect((await event)!.split(/[\n\r]/).filter((line) => line.startsWith('event:'))).toEqual(['event: snapshot']);
  });

  describe('offer', () => {
    const offer = (name: string): boolean => {
      let isTaken = false;
      stream.offer(() => {
        isTaken = true;
        return reading(name).snapshot;
      });
      return isTaken;
    };

    /** Returns the events of a client that has had the first one. */
    async function connectAndRead(sandboxId?: string): Promise<AsyncGenerator<Buffer>> {
      const events = connect(sandboxId === undefined ? {} : { sandboxId });
      await next(events);
      const first = next(events);
      await pass(0);
      readings[0]!.resolve(reading('first', ...(sandboxId === undefined ? [] : [sandboxId])));
      await first;
      return events;
    }

    it('gives waiting clients what a scrape has read, instead of a collection', async () => {
      const second = next(await connectAndRead());
      await pass(INTERVAL_MS / 2);
      expect(offer('scrape')).toBe(true);
      const event = await second;
      expect([nameIn(event), idIn(event)?.split('-')[1]]).toEqual(['scrape', '2']);
      expect(readings).toHaveLength(1);
    });

    it('goes on without a collection while scrapes come as often as events, or a little later', async () => {
      const events = await connectAndRead();
      for (const name of ['a', 'b', 'c', 'd']) {
        const event = next(events);
        await pass(name === 'a' ? INTERVAL_MS - 1 : 1.4 * INTERVAL_MS);
        expect(offer(name)).toBe(true);
        expect(nameIn(await event)).toBe(name);
      }
      expect(readings).toHaveLength(1);
      void next(events);
      await pass(1.5 * INTERVAL_MS);
      expect(readings).toHaveLength(2);
    });

    it('is not for clients whose last event is young', async () => {
      void next(await connectAndRead());
      await pass(INTERVAL_MS / 2 - 1);
      expect(offer('scrape')).toBe(false);
    });

    it('is not for details, which a scrape does not read', async () => {
      const events = await connectAndRead('a');
      await next(events);
      void next(events);
      await pass(INTERVAL_MS - 1);
      expect(offer('scrape')).toBe(false);
      await pass(1);
      expect(readings).toHaveLength(2);
    });

    it('tells clients what it could not read, and not the scrape', async () => {
      const second = next(await connectAndRead());
      await pass(INTERVAL_MS / 2);
      const bug = new Error('bug');
      stream.offer(() => {
        throw bug;
      });
      expect(await second).toMatch(/^event: problem\nid: \w+-2\n/);
      expect(errors).toEqual([bug]);
    });

    it('is not read during a collection, nor without a client', async () => {
      expect(offer('none')).toBe(false);
      const events = connect();
      await next(events);
      void next(events);
      await pass(0);
      expect(readings).toHaveLength(1);
      expect(offer('during')).toBe(false);
      for (const client of clients) {
        client.abort();
      }
      await pass(0);
      expect(offer('after')).toBe(false);
    });
  });
});
