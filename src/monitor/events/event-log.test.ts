import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findSchemaFaults } from '../../../test/support/api-schema.ts';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { newEvent } from '../../../test/support/sandbox-results.ts';
import type { SandboxEvent } from '../../api/index.ts';
import { BURST, REFILL_MS } from './event-allowance.ts';
import { EventLog, type EventLogOptions } from './event-log.ts';

let clock: ManualClock;
let log: EventLog;

beforeEach(() => {
  clock = new ManualClock();
});

afterEach(() => {
  log.close();
  expect(clock.delaysMs).toEqual([]);
});

function open(options: Partial<EventLogOptions> = {}): void {
  log = new EventLog({ maxEvents: 4, maxBytes: 1_000_000, clock, epoch: 'aa', ...options });
}

const eventsAfter = (number: number, maxChars?: number): SandboxEvent[] =>
  log.after(number, maxChars).events.map(({ json }) => JSON.parse(json) as SandboxEvent);
const sandboxesAfter = (number: number): (string | null)[] => eventsAfter(number).map(({ sandbox }) => sandbox);

describe('EventLog', () => {
  it('has events in their order, with ids that rise by 1', () => {
    open();
    log.add(newEvent('a'));
    log.add(newEvent('b', { message: 'line\nend', pod: 'x\u001b[31m' }));
    const events = eventsAfter(0);
    expect(events.map(({ id, sandbox }) => [id, sandbox])).toEqual([
      ['aa-1', 'a'],
      ['aa-2', 'b'],
    ]);
    expect(events.flatMap((event) => findSchemaFaults('SandboxEvent', event))).toEqual([]);
    expect(log.after(0).events[1]!.json).not.toContain('\n');
    expect(sandboxesAfter(1)).toEqual(['b']);
    expect(sandboxesAfter(2)).toEqual([]);
  });

  it('leaves no half of a character where it cuts a text, which strict parsers of JSON reject', () => {
    open({ maxEvents: 9 });
    for (const end of ['😀', 'a😀', '\ud83d']) {
      log.add(newEvent('a', { message: `${'x'.repeat(1023)}${end.repeat(9)}` }));
    }
    for (const { json } of log.after(0).events) {
      expect(json).not.toMatch(/\\ud[89a-f]/i);
      expect((JSON.parse(json) as SandboxEvent).message).toHaveLength(1027);
    }
  });

  it('keeps the last events up to the limit, and counts those that are missed', () => {
    open();
    for (let i = 1; i <= 10; i++) {
      log.add(newEvent(`s${i}`));
    }
    expect(sandboxesAfter(0)).toEqual(['s7', 's8', 's9', 's10']);
    expect([0, 5, 6, 9, 10].map((number) => log.after(number).missed)).toEqual([6, 1, 0, 0, 0]);
    expect(eventsAfter(0, 1).map(({ sandbox }) => sandbox)).toEqual(['s7']);
  });

  it('keeps events up to the limit in bytes, and the last one in any case', () => {
    open({ maxEvents: 100, maxBytes: 4096 });
    for (let i = 1; i <= 50; i++) {
      log.add(newEvent(`s${i}`, { pod: 'p'.repeat(300) }));
    }
    const { events } = log.after(0);
    expect(events.length).toBeGreaterThan(1);
    expect(events.reduce((sum, { json }) => sum + json.length, 0)).toBeLessThan(4096);
    log.add(newEvent('large', { pod: 'p'.repeat(5000) }));
    expect(sandboxesAfter(0)).toEqual(['large']);
  });

  it('cuts a message that is too long, visibly', () => {
    open();
    log.add(newEvent('a', { message: 'm'.repeat(5000) }));
    expect(eventsAfter(0)[0]!.message).toBe(`${'m'.repeat(1024)}...`);
  });

  it.each([
    ['aa-1', 1],
    ['aa-0', 0],
    ['aa-2', undefined],
    ['bb-1', undefined],
    ['aa-1-1', undefined],
    ['aa--1', undefined],
    ['aa-1e0', undefined],
    ['aa', undefined],
    ['', undefined],
    [`aa-${'9'.repeat(30)}`, undefined],
  ])('reads the number of id %j as %j', (id, number) => {
    open();
    log.add(newEvent('a'));
    expect(log.numberOf(id)).toBe(number);
  });

  it('wakes those that wait: for an event, after a time, by their signal, and at the end', async () => {
    open();
    const never = new AbortController();
    const leaving = new AbortController();
    const waits = [log.next(0, never.signal, 1000), log.next(0, leaving.signal, 1000)];
    leaving.abort();
    await waits[1];
    log.add(newEvent('a'));
    await waits[0];
    const timed = log.next(1, never.signal, 1000);
    clock.advance(1000);
    await timed;
    const last = log.next(1, never.signal, 1000);
    log.close();
    await last;
    await log.next(1, never.signal, 1000);
    log.add(newEvent('b'));
    expect(log.last).toBe(1);
  });
});

describe('A sandbox with too many events', () => {
  it('has a burst of them, and later the last one with the number of those before', () => {
    open({ maxEvents: 10_000 });
    for (let i = 0; i < 1000; i++) {
      log.add(newEvent('flapping', { count: i }));
    }
    log.add(newEvent('other'));
    expect(sandboxesAfter(0)).toHaveLength(BURST + 1);
    expect(sandboxesAfter(0).at(-1)).toBe('other');
    clock.advance(REFILL_MS);
    expect(eventsAfter(BURST + 1)).toMatchObject([{ sandbox: 'flapping', count: 999, suppressed: 1000 - BURST - 1 }]);
    // Until it is forgotten.
    clock.advance(REFILL_MS * (BURST + 2));
    expect(clock.delaysMs).toEqual([]);
    expect(log.last).toBe(BURST + 2);
  });

  it('has one event for each interval, however long it goes on', () => {
    open({ maxEvents: 10_000 });
    for (let i = 0; i < 60; i++) {
      for (let j = 0; j < 1000; j++) {
        log.add(newEvent('flapping'));
      }
      clock.advance(1000);
    }
    expect(log.last).toBeLessThanOrEqual(BURST + (60 * 1000) / REFILL_MS + 1);
    const events = eventsAfter(0);
    expect(events.reduce((sum, { suppressed }) => sum + suppressed + 1, 0)).toBe(60_000);
  });
});
