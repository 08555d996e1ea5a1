/**
 * Both ends of a serial line over a wire that a test holds in its hands: it carries bytes on request, loses what
 * lies in it, and gets garbage, as when either side is restarted.
 */
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readToEnd } from '../../../test/support/read-to-end.ts';
import { serveSessions } from './guest-side.ts';
import { openSession } from './host-side.ts';
import { encodeLinkFrame, type FrameKind, NO_SESSION } from './link-frame.ts';
import { SerialStream, WINDOW_BYTES } from './serial-stream.ts';
import { encodeSlip } from './slip.ts';

const ADDRESS = 'serial+unix:///run/agent.sock';

type Side = 'host' | 'guest';
const OTHER: Readonly<Record<Side, Side>> = { host: 'guest', guest: 'host' };

/** What lies between the sides stays there when a side is replaced. */
class Wire {
  readonly #ends = new Map<Side, Duplex>();
  readonly #onTheWay: Record<Side, Buffer[]> = { host: [], guest: [] };

  /** A new life of one side; the old one just stops. */
  attach(side: Side): Duplex {
    this.#ends.get(side)?.destroy();
    const end: Duplex = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, callback) => {
        // What a process that is gone would write is not written.
        if (this.#ends.get(side) === end) {
          this.#onTheWay[OTHER[side]].push(chunk);
        }
        callback();
      },
    });
    this.#ends.set(side, end);
    return end;
  }

  inject(to: Side, bytes: Buffer): void {
    this.#onTheWay[to].push(bytes);
  }

  /** Loses the first bytes of what lies before `to`. */
  lose(to: Side, count: number): void {
    this.#onTheWay[to] = [this.#take(to).subarray(count)];
  }

  /** Loses the last bytes of what lies before `to`, as when its sender is ended while it writes. */
  cutShort(to: Side, count: number): void {
    const bytes = this.#take(to);
    this.#onTheWay[to] = [bytes.subarray(0, Math.max(0, bytes.length - count))];
  }

  /** Carries up to `count` bytes to that side; false when there were none. */
  deliver(to: Side, count = Number.POSITIVE_INFINITY): boolean {
    const bytes = this.#take(to);
    const end = this.#ends.get(to);
    if (bytes.length === 0 || end === undefined) {
      return false;
    }
    this.#onTheWay[to] = [bytes.subarray(count)];
    end.push(bytes.subarray(0, count));
    return true;
  }

  /** Carries everything both ways until neither side sends anything more. */
  async settle(): Promise<void> {
    for (let quietTurns = 0; quietTurns < 3; quietTurns++) {
      const hasMoved = [this.deliver('host'), this.deliver('guest')].includes(true);
      await nextTurn();
      quietTurns = hasMoved ? 0 : quietTurns;
    }
  }

  #take(to: Side): Buffer {
    const bytes = Buffer.concat(this.#onTheWay[to]);
    this.#onTheWay[to] = [];
    return bytes;
  }
}

const never = new AbortController().signal;

/** A guest that hands its streams over. */
function startGuest(wire: Wire, onConnection: (stream: Duplex) => void): void {
  void serveSessions(wire.attach('guest'), never, onConnection);
}

async function openPair(): Promise<{ wire: Wire; host: Duplex; guest: Duplex }> {
  const wire = new Wire();
  const accepted = Promise.withResolvers<Duplex>();
  startGuest(wire, accepted.resolve);
  const opening = openSession(wire.attach('host'), ADDRESS, never);
  await wire.settle();
  return { wire, host: await opening, guest: await accepted.promise };
}

const control = (kind: FrameKind, session: bigint, value = 0, data = ''): Buffer =>
  encodeSlip(encodeLinkFrame({ kind, session, value, data: Buffer.from(data) }));

const sessionOf = (stream: Duplex): bigint => (stream as SerialStream).session;

const failureOf = async (stream: Duplex): Promise<NodeJS.ErrnoException> => {
  const [error] = await once(stream, 'error');
  return error as NodeJS.ErrnoException;
};

describe('a session on a serial line', () => {
  it('carries bytes both ways and ends by half-close', async () => {
    const { wire, host, guest } = await openPair();
    host.end('question');
    const question = readToEnd(guest);
    await wire.settle();
    expect(await question).toBe('question');
    guest.end('answer');
    const response = text(host);
    await wire.settle();
    expect(await response).toBe('answer');
    expect([host.errored, guest.errored]).toEqual([null, null]);
    expect([host.destroyed, guest.destroyed]).toEqual([true, true]);
  });

  it('carries megabytes', async () => {
    const { wire, host, guest } = await openPair();
    const sent = 'ÀÛ0123456789'.repeat(200_000);
    guest.pipe(guest);
    const echoed = text(host);
    host.end(sent);
    await wire.settle();
    expect((await echoed) === sent).toBe(true);
  });

  it('sends no more than the window to a reader that does not read, and the rest when it does', async () => {
    const { wire, host, guest } = await openPair();
    let isTaken = false;
    host.write(Buffer.alloc(WINDOW_BYTES + 1), () => {
      isTaken = true;
    });
    await wire.settle();
    expect([isTaken, guest.readableLength]).toEqual([false, WINDOW_BYTES]);
    guest.resume();
    await wire.settle();
    expect([isTaken, guest.readableLength]).toEqual([true, 0]);
    host.destroy();
  });

  it('begins a new session while the reader of the old one is stuck', async () => {
    const wire = new Wire();
    const accepted: Duplex[] = [];
    startGuest(wire, (stream) => accepted.push(stream));
    const opening = openSession(wire.attach('host'), ADDRESS, never);
    await wire.settle();
    const old = await opening;
    const failure = failureOf(old);
    old.write(Buffer.alloc(WINDOW_BYTES * 2));
    await wire.settle();
    const reopening = openSession(wire.attach('host'), ADDRESS, never);
    await wire.settle();
    await reopening;
    expect(await failure).toMatchObject({ code: 'ECONNRESET' });
    expect(accepted.map(({ destroyed }) => destroyed)).toEqual([true, false]);
  });

  it('ends with ECONNRESET where the other side destroys its stream', async () => {
    const { wire, host, guest } = await openPair();
    const failure = failureOf(host);
    guest.destroy();
    await wire.settle();
    expect(await failure).toMatchObject({ code: 'ECONNRESET', message: expect.stringContaining('by the other side') });
  });

  it('ends with ECONNRESET on the host when the guest begins anew', async () => {
    const { wire, host } = await openPair();
    const failure = failureOf(host);
    startGuest(wire, () => undefined);
    await wire.settle();
    expect(await failure).toMatchObject({ code: 'ECONNRESET', message: expect.stringContaining('began anew') });
  });

  it('ends with ECONNRESET when the line is closed', async () => {
    const { wire, host, guest } = await openPair();
    const failures = Promise.all([failureOf(host), failureOf(guest)]);
    wire.attach('host');
    wire.attach('guest');
    expect(await failures).toMatchObject([
      { code: 'ECONNRESET', message: expect.stringContaining('the line was closed') },
      { code: 'ECONNRESET', message: expect.stringContaining('the host has gone') },
    ]);
  });

  it.each([
    ['data that was skipped', 'data', 5, 'x'],
    ['data that was sent before', 'data', 0xffff_ffff, 'x'],
    ['an end at another place', 'end', 5, ''],
    ['a credit too large', 'credit', 0, ''],
    ['a response to nothing', 'accept', 0, ''],
  ] as const)('refuses %s with EPROTO', async (_name, kind, value, data) => {
    const { wire, host, guest } = await openPair();
    guest.resume();
    const failure = failureOf(host);
    wire.inject('host', control(kind, sessionOf(host), value, data));
    await wire.settle();
    expect(await failure).toMatchObject({ code: 'EPROTO' });
    expect(guest.errored).toMatchObject({ code: 'ECONNRESET' });
  });

  it('refuses more than the window', async () => {
    const { wire, host } = await openPair();
    const failure = failureOf(host);
    for (let at = 0; at <= WINDOW_BYTES; at += 16 * 1024) {
      wire.inject('host', control('data', sessionOf(host), at, 'x'.repeat(16 * 1024)));
    }
    await wire.settle();
    expect(await failure).toMatchObject({ code: 'EPROTO', message: expect.stringContaining('that may wait') });
  });

  it('hears nothing of another session, and nothing with a wrong checksum', async () => {
    const { wire, host, guest } = await openPair();
    for (const side of ['host', 'guest'] as const) {
      wire.inject(side, control('data', sessionOf(host) ^ 1n, 0, 'other'));
      wire.inject(side, control('end', sessionOf(host) ^ 1n));
      wire.inject(side, control('reset', sessionOf(host) ^ 1n));
      const wrong = encodeLinkFrame({ kind: 'data', session: sessionOf(host), value: 0, data: Buffer.from('wrong') });
      wrong[wrong.length - 1]! ^= 1;
      wire.inject(side, encodeSlip(wrong));
    }
    host.end('right');
    guest.end('right');
    const heard = Promise.all([text(host), text(guest)]);
    await wire.settle();
    expect(await heard).toEqual(['right', 'right']);
  });

  it('counts on after 4 GiB', () => {
    const sent: number[] = [];
    const stream = new SerialStream({
      session: 1n,
      peerWindowBytes: 0,
      send: ({ kind, value }) => kind === 'data' && sent.push(value),
      whenReady: (callback) => callback(),
    });
    const chunk = Buffer.alloc(2 ** 28);
    for (let written = 0; written < 17; written++) {
      stream.receive({
        kind: 'credit',
        session: 1n,
        value: ((written + 1) * chunk.length) >>> 0,
        data: Buffer.alloc(0),
      });
      stream.write(chunk);
    }
    expect(stream.errored).toBeNull();
    expect(sent.length).toBe((17 * chunk.length) / (16 * 1024));
    expect(sent.at(-1)).toBe((17 * chunk.length - 16 * 1024) % 2 ** 32);
    stream.destroy();
  });
});

describe('opening a session', () => {
  it('waits for a guest that is still booting', async () => {
    const wire = new Wire();
    const opening = openSession(wire.attach('host'), ADDRESS, never);
    startGuest(wire, (stream) => stream.end('here'));
    await wire.settle();
    const response = text(await opening);
    await wire.settle();
    expect(await response).toBe('here');
  });

  it('repeats its request when the guest begins anew before its response', async () => {
    const wire = new Wire();
    const opening = openSession(wire.attach('host'), ADDRESS, never);
    wire.lose('guest', 10_000);
    startGuest(wire, () => undefined);
    await wire.settle();
    (await opening).destroy();
  });

  it('is not there when the line closes, and aborted by the signal', async () => {
    const wire = new Wire();
    const opening = openSession(wire.attach('host'), ADDRESS, never);
    wire.attach('host');
    await expect(opening).rejects.toMatchObject({ code: 'not_there' });
    const controller = new AbortController();
    const end = wire.attach('host');
    const aborted = openSession(end, ADDRESS, controller.signal);
    controller.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    expect(end.destroyed).toBe(true);
  });

  it('keeps no responses for a guest that says hello without end and does not read', async () => {
    let keptBytes = 0;
    const deaf = new Duplex({ read: () => undefined, write: () => undefined });
    const controller = new AbortController();
    const opening = openSession(deaf, ADDRESS, controller.signal);
    for (let index = 0; index < 10_000; index++) {
      deaf.push(control('hello', NO_SESSION));
      await (index % 100 === 0 ? nextTurn() : undefined);
      keptBytes = Math.max(keptBytes, deaf.writableLength);
    }
    expect(keptBytes).toBeLessThan(deaf.writableHighWaterMark + 100);
    controller.abort(new Error('enough'));
    await expect(opening).rejects.toThrow('enough');
  });

  it('takes no response to another question', async () => {
    const wire = new Wire();
    const opening = openSession(wire.attach('host'), ADDRESS, never);
    wire.inject('host', control('accept', 1n, WINDOW_BYTES));
    wire.inject('host', control('reset', 1n));
    await wire.settle();
    startGuest(wire, () => undefined);
    await wire.settle();
    expect(sessionOf(await opening)).not.toBe(1n);
  });

  it('tells a host that speaks of an unknown session that it is over, once for each piece of data', async () => {
    const wire = new Wire();
    startGuest(wire, () => undefined);
    const heard: Buffer[] = [];
    wire.attach('host').on('data', (chunk: Buffer) => heard.push(chunk));
    wire.inject('guest', control('data', 7n, 0, 'x'));
    wire.inject('guest', control('credit', 7n));
    wire.inject('guest', control('reset', 7n));
    await wire.settle();
    expect(Buffer.concat(heard)).toEqual(Buffer.concat([control('hello', NO_SESSION), control('reset', 7n)]));
  });
});

type Step =
  | { readonly do: 'deliver'; readonly to: Side; readonly count: number }
  | {
      readonly do: 'restart';
      readonly side: Side;
      readonly lost: number;
      readonly unsent: number;
      readonly garbage: Uint8Array;
    };

const side = fc.constantFrom<Side>('host', 'guest');
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('deliver' as const), to: side, count: fc.nat(300) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('restart' as const),
      side,
      lost: fc.nat(300),
      unsent: fc.nat(300),
      garbage: fc.oneof(fc.constant(new Uint8Array()), fc.uint8Array({ maxLength: 60 })),
    }),
  },
);

/** What one side of a session sends, different in each session and direction. */
const speechOf = (from: Side, session: bigint): string => `${from} ${session} `.repeat(40);

/** Both sides of every session say their speech and end; what each has heard is kept. */
class Conversation {
  readonly wire = new Wire();
  readonly heard = new Map<string, { text: string; hasEnded: boolean }>();
  lastSession: bigint | undefined;

  restart(which: Side): void {
    if (which === 'guest') {
      startGuest(this.wire, (stream) => this.#speak('guest', stream));
    } else {
      openSession(this.wire.attach('host'), ADDRESS, never).then(
        (stream) => this.#speak('host', stream),
        // The next life tries again.
        () => undefined,
      );
    }
  }

  #speak(from: Side, stream: Duplex): void {
    const session = sessionOf(stream);
    const heard = { text: '', hasEnded: false };
    this.heard.set(`${from} ${session}`, heard);
    if (from === 'host') {
      this.lastSession = session;
    }
    stream.on('data', (chunk: Buffer) => {
      heard.text += chunk.toString('latin1');
    });
    stream.on('end', () => {
      heard.hasEnded = true;
    });
    stream.on('error', () => undefined);
    stream.end(speechOf(from, session));
  }
}

describe('restarts at any moment', () => {
  it('no side reads anything but what was sent in the same session, and the last one is read in full', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 40 }), side, async (steps, last) => {
        const conversation = new Conversation();
        const { wire, heard } = conversation;
        conversation.restart('guest');
        conversation.restart('host');
        for (const step of steps) {
          if (step.do === 'deliver') {
            wire.deliver(step.to, step.count);
          } else {
            wire.cutShort(OTHER[step.side], step.unsent);
            wire.lose(step.side, step.lost);
            wire.inject(step.side, Buffer.from(step.garbage));
            conversation.restart(step.side);
          }
          await nextTurn();
        }
        wire.cutShort(OTHER[last], 20);
        conversation.restart(last);
        conversation.restart('host');
        await wire.settle();

        for (const [key, { text: said, hasEnded }] of heard) {
          const [who, session] = key.split(' ') as [Side, string];
          const whole = speechOf(OTHER[who], BigInt(session));
          expect(hasEnded ? said : said.padEnd(whole.length, whole.slice(said.length))).toBe(whole);
        }
        const session = conversation.lastSession!;
        expect(heard.get(`guest ${session}`)).toEqual({ text: speechOf('host', session), hasEnded: true });
        expect(heard.get(`host ${session}`)).toEqual({ text: speechOf('guest', session), hasEnded: true });
      }),
      { numRuns: 300 },
    );
  });
});
