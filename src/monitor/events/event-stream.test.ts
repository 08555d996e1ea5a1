import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findSchemaFaults } from '../../../test/support/api-schema.ts';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { newEvent } from '../../../test/support/sandbox-results.ts';
import type { EventKind, SandboxEvent } from '../../api/index.ts';
import { EventLog } from './event-log.ts';
import { EventStream } from './event-stream.ts';
import type { EventForm } from './serves-events.ts';

let clock: ManualClock;
let log: EventLog;
let stream: EventStream;
let clients: AbortController[];
/** Collections that are wanted and not done yet. */
let wanted: { readonly resolve: (number: number | undefined) => void; readonly signal: AbortSignal }[];
let collections: number;

beforeEach(() => {
  clock = new ManualClock();
  log = new EventLog({ maxEvents: 100, maxBytes: 1_000_000, clock, epoch: 'aa' });
  clients = [];
  wanted = [];
  collections = 0;
  stream = new EventStream({
    log,
    node: 'node 1',
    collections: {
      nextCollection: (_after, signal) => {
        const { promise, resolve } = Promise.withResolvers<number | undefined>();
        const entry = { resolve, signal };
        wanted.push(entry);
        signal.addEventListener('abort', () => {
          wanted = wanted.filter((each) => each !== entry);
          resolve(undefined);
        });
        return promise;
      },
    },
  });
});

afterEach(() => {
  for (const client of clients) {
    client.abort();
  }
  log.close();
});

interface Connecting {
  readonly lastEventId?: string;
  readonly kinds?: readonly EventKind[];
  readonly namespaces?: readonly string[];
  readonly form?: EventForm;
  readonly isFollowing?: boolean;
}

function request({ lastEventId, kinds = [], namespaces = [], form = 'json' }: Connecting) {
  const client = new AbortController();
  clients.push(client);
  return {
    filter: {
      kinds: new Set(kinds),
      namespaces: new Set(namespaces),
      pods: new Set<string>(),
      sandboxes: new Set<string>(),
    },
    form,
    lastEventId,
    signal: client.signal,
  };
}

/** The messages of one client, each with its id and data. */
class Client {
  readonly #pieces: AsyncGenerator<Buffer>;
  #text = '';

  constructor(connecting: Connecting = {}) {
    this.#pieces = stream.stream({ ...request(connecting), isFollowing: connecting.isFollowing ?? true });
  }

  /** Waits for the next message; undefined at the end. */
  async next(): Promise<{ readonly id?: string; readonly data?: SandboxEvent } | undefined> {
    for (;;) {
      const end = this.#text.indexOf('\n\n');
      if (end >= 0) {
        const message = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(message)?.[1];
        const [id, data] = [field('id'), field('data')];
        if (field('retry') === undefined) {
          return { ...(id === undefined ? {} : { id }), ...(data === undefined ? {} : { data: JSON.parse(data) }) };
        }
        continue;
      }
      const { value, done } = await this.#pieces.next();
      if (done === true) {
        return undefined;
      }
      this.#text += value.toString();
    }
  }

  /** The next messages. */
  async take(count: number): Promise<unknown[]> {
    const kinds: unknown[] = [];
    for (let i = 0; i < count; i++) {
      const message = await this.next();
      kinds.push(message && [message.id, message.data?.kind]);
    }
    return kinds;
  }
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
function add(...sandboxes: string[]): void {
  for (const sandbox of sandboxes) {
    log.add(newEvent(sandbox));
  }
}

/** A collection that ends. */
function collect(): void {
  for (const { resolve } of wanted.splice(0)) {
    resolve(++collections);
  }
}

describe('a client', () => {
  it('gets the events that there are, and those that come', async () => {
    add('a', 'b');
    const client = new Client();
    expect(await client.take(2)).toEqual([
      ['aa-1', 'healthy'],
      ['aa-2', 'healthy'],
    ]);
    const next = client.next();
    await settle();
    add('c');
    expect(await next).toMatchObject({ id: 'aa-3', data: { id: 'aa-3', sandbox: 'c' } });
  });

  it('that reconnects at any point loses nothing, and gets nothing twice', async () => {
    const sandboxes = Array.from({ length: 20 }, (_, i) => `s${i}`);
    const seen: (string | null)[] = [];
    let lastEventId: string | undefined;
    for (const [i, sandbox] of sandboxes.entries()) {
      add(sandbox);
      if (i % 3 === 2) {
        // A new connection for each message.
        for (let j = 0; j < 2; j++) {
          const message = await new Client(lastEventId === undefined ? {} : { lastEventId }).next();
          lastEventId = message!.id!;
          seen.push(message!.data!.sandbox);
        }
      }
    }
    const rest = new Client({ lastEventId: lastEventId!, isFollowing: false });
    for (let message = await rest.next(); message !== undefined; message = await rest.next()) {
      seen.push(message.data!.sandbox);
    }
    expect(seen).toEqual(sandboxes);
  });

  it('is told what it has missed', async () => {
    add('a');
    for (let i = 0; i < 150; i++) {
      add(`s${i}`);
    }
    const client = new Client({ lastEventId: 'aa-1', isFollowing: false });
    const gap = await client.next();
    expect(gap).toMatchObject({ id: 'aa-51', data: { kind: 'gap', reason: 'overflow', count: 50, sandbox: null } });
    expect(findSchemaFaults('SandboxEvent', gap!.data)).toEqual([]);
    expect(await client.next()).toMatchObject({ id: 'aa-52', data: { sandbox: 's50' } });
    // The gap has a position, too: who has got it misses nothing more.
    expect(await new Client({ lastEventId: 'aa-51', isFollowing: false }).next()).toMatchObject({ id: 'aa-52' });
  });

  it.each(['bb-7', 'aa-9', 'nonsense'])('is told that %j is no position any more, and gets everything', async (id) => {
    add('a');
    const client = new Client({ lastEventId: id, isFollowing: false });
    expect(await client.next()).toMatchObject({ id: 'aa-0', data: { kind: 'gap', reason: 'restart', count: null } });
    expect(await client.next()).toMatchObject({ id: 'aa-1', data: { sandbox: 'a' } });
    expect(await client.next()).toBeUndefined();
  });

  it('that is slow gets a gap for what fell out of the ring meanwhile', async () => {
    add('a');
    const client = new Client();
    expect(await client.next()).toMatchObject({ id: 'aa-1' });
    for (let i = 0; i < 120; i++) {
      add(`s${i}`);
    }
    expect(await client.next()).toMatchObject({ data: { kind: 'gap', count: 20 } });
    expect(await client.next()).toMatchObject({ id: 'aa-22' });
  });

  it('gets only what it has selected', async () => {
    log.add(newEvent('a', { kind: 'appeared', namespace: 'x' }));
    log.add(newEvent('a', { kind: 'ended', namespace: 'x' }));
    log.add(newEvent('b', { kind: 'ended', namespace: 'y' }));
    log.add(newEvent('c', { kind: 'ended' }));
    const client = new Client({ kinds: ['ended'], namespaces: ['x', 'z'], isFollowing: false });
    expect(await client.take(2)).toEqual([['aa-2', 'ended'], undefined]);
  });

  it('is kept alive, and learns the position that it has reached', async () => {
    log.add(newEvent('a', { kind: 'ended' }));
    const client = new Client({ kinds: ['appeared'] });
    const next = client.next();
    await settle();
    clock.advance(15_000);
    expect(await next).toEqual({ id: 'aa-1' });
  });

  it('gets CloudEvents', async () => {
    log.add(newEvent('a', { kind: 'oom_kill', timeSeconds: 1.5 }));
    const client = new Client({ form: 'cloudevents', isFollowing: false });
    const message = await client.next();
    expect(findSchemaFaults('CloudEvent', message!.data)).toEqual([]);
    expect(message!.data).toMatchObject({
      specversion: '1.0',
      id: 'aa-1',
      source: '/kata-monitor/node%201',
      type: 'io.katacontainers.sandbox.oom_kill',
      subject: 'a',
      time: '1970-01-01T00:00:01.500Z',
      data: { kind: 'oom_kill' },
    });
  });

  it('is done when the log is closed', async () => {
    const next = new Client().next();
    await settle();
    log.close();
    expect(await next).toBeUndefined();
  });
});

describe('collections', () => {
  it('are caused while a client waits, once for all of them, and not for kinds that need none', async () => {
    void new Client({ kinds: ['appeared', 'named'] }).next();
    await settle();
    expect(wanted).toHaveLength(0);
    void new Client().next();
    void new Client({ kinds: ['paused'] }).next();
    await settle();
    expect(wanted).toHaveLength(1);
    collect();
    await settle();
    expect(wanted).toHaveLength(1);
  });

  it('end when no client waits any more', async () => {
    void new Client().next();
    await settle();
    const [{ signal } = { signal: undefined }] = wanted;
    clients.at(-1)!.abort();
    await new Promise<void>((resolve) => signal!.addEventListener('abort', () => resolve()));
    await settle();
    expect(wanted).toHaveLength(0);
  });

  it('are not caused by clients that do not read', async () => {
    add('a');
    const client = new Client();
    await client.next();
    await settle();
    expect(wanted).toHaveLength(0);
  });
});

describe('a list', () => {
  it('has all events after one collection', async () => {
    add('a');
    const list = stream.list(request({}));
    await settle();
    add('b');
    collect();
    const value = JSON.parse(await list);
    expect(findSchemaFaults('EventList', value)).toEqual([]);
    expect(value).toMatchObject({ events: [{ sandbox: 'a' }, { sandbox: 'b' }], lastEventId: 'aa-2' });
  });

  it('begins with a gap where there is one, and continues from an id', async () => {
    add(...Array.from({ length: 130 }, (_, i) => `s${i}`));
    const appeared: readonly EventKind[] = ['appeared', 'gap'];
    const all = JSON.parse(await stream.list(request({ kinds: appeared })));
    expect(all).toMatchObject({ events: [{ kind: 'gap', count: 30 }], lastEventId: 'aa-130' });
    const batch = JSON.parse(await stream.list(request({ kinds: appeared, lastEventId: 'cc-1', form: 'cloudevents' })));
    expect(batch.map(({ data }: { data: SandboxEvent }) => [data.kind, data.reason])).toEqual([
      ['gap', 'restart'],
      ['gap', 'overflow'],
    ]);
  });
});
