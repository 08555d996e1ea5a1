import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { downResult, upResult } from '../../../test/support/sandbox-results.ts';
import type { SandboxEvent } from '../../api/index.ts';
import type { CriPod } from '../../cri/index.ts';
import { sandboxIn } from '../../sandboxes/index.ts';
import { NO_LISTENER } from '../../shim-client/index.ts';
import type { SandboxResult } from '../scrape/sandbox-result.ts';
import { Lifecycle } from './lifecycle.ts';
import type { SandboxEnding } from './sandbox-events.ts';

const sandbox = sandboxIn('/root', 'a', 5000);
const totals = { lifetimeSeconds: 5, cpuSeconds: 2 } as SandboxEnding['totals'];
const pod = { id: 'a', name: 'web', namespace: 'shop', uid: 'u' } as CriPod;
const ending: SandboxEnding = { sandboxId: 'a', pod, reason: 'finished', message: '', endSeconds: 9, totals };
const startSeconds = performance.timeOrigin / 1000;

let pods: Map<string, CriPod>;
let lifecycle: Lifecycle;
let clock: ManualClock;

beforeEach(() => {
  pods = new Map();
  clock = new ManualClock();
  open(false);
});

function open(hasEndings: boolean): void {
  lifecycle = new Lifecycle({
    maxEvents: 5000,
    maxBytes: 10_000_000,
    clock,
    findPod: (id) => pods.get(id),
    hasEndings,
  });
}

afterEach(() => lifecycle.close());

const appear = (): void => lifecycle.noteChange({ appeared: [sandbox], vanished: [] });
const vanish = (): void => lifecycle.noteChange({ appeared: [], vanished: [sandbox] });
function see(...results: SandboxResult[]): void {
  for (const result of results) {
    lifecycle.states.note([result], () => startSeconds + 99, { nowSeconds: startSeconds + 100, isWholeNode: true });
  }
}

const events = (): SandboxEvent[] => lifecycle.log.after(0).events.map(({ json }) => JSON.parse(json));
const told = (): string[] => events().map(({ kind, reason }) => (reason === null ? kind : `${kind} ${reason}`));
const value = (name: string, suffix?: string): unknown =>
  lifecycle.events
    .collect()
    .find((family) => family.name === name)!
    .samples.find((sample) => sample.suffix === suffix)?.value;

describe('events', () => {
  it('tell a whole life', () => {
    lifecycle.noteFirstLook();
    appear();
    const guest = { guestUptimeSeconds: 5, shimStartSeconds: startSeconds + 1 };
    see(downResult('starting'), upResult(false, guest));
    pods.set('a', pod);
    lifecycle.noteNamed(sandbox);
    see(
      upResult(true, { ...guest, agentReadySeconds: 2, oomKills: 0 }),
      upResult(false, { ...guest, isPaused: true }),
      upResult(true, { ...guest, oomKills: 0 }),
      upResult(true, { ...guest, oomKills: 3 }),
      { ...downResult('timeout', 'no response'), successAgeMs: 500 },
      upResult(true, { ...guest, oomKills: 3 }),
      downResult('refused', NO_LISTENER),
    );
    vanish();
    expect(told()).toEqual([
      'appeared',
      'named',
      'ready',
      'paused',
      'resumed',
      'oom_kill',
      'unresponsive timeout',
      'healthy',
      'ended refused',
    ]);
    expect(events()[0]).toMatchObject({
      sandbox: 'a',
      namespace: null,
      root: '/root',
      timeSeconds: 5,
      state: 'created',
    });
    expect(events()[1]).toMatchObject({ namespace: 'shop', pod: 'web', uid: 'u', state: 'booting' });
    expect(events()[5]).toMatchObject({ count: 3, state: 'running' });
    expect(events()[6]).toMatchObject({ message: 'no response', state: 'unresponsive' });
    expect(events()[8]).toMatchObject({ namespace: 'shop', state: 'ended', message: NO_LISTENER });
  });

  it('tell the totals of a sandbox that has ended, and its pod', () => {
    open(true);
    appear();
    pods.set('a', pod);
    vanish();
    expect(told()).toEqual(['appeared found']);
    lifecycle.noteEnding(ending, undefined);
    clock.advance(60_000);
    expect(told()).toEqual(['appeared found', 'ended finished']);
    expect(events().at(-1)).toMatchObject({ totals: ending.totals, namespace: 'shop', pod: 'web', timeSeconds: 9 });
  });

  it('tell an end without totals, if they do not come in time', () => {
    open(true);
    appear();
    see(upResult(true), downResult('refused', NO_LISTENER), downResult('refused', NO_LISTENER));
    expect(told().slice(2)).toEqual([]);
    clock.advance(10_000);
    expect(told().slice(2)).toEqual(['ended refused']);
    vanish();
    expect(told().slice(3)).toEqual([]);
    lifecycle.noteEnding(ending, undefined);
    expect(told().slice(3)).toEqual(['ended finished']);
  });

  it('tell the end once, if it comes before the directory is gone', () => {
    open(true);
    appear();
    lifecycle.noteEnding(ending, sandbox);
    see(downResult('refused', NO_LISTENER));
    vanish();
    clock.advance(60_000);
    expect(told()).toEqual(['appeared found', 'ended finished']);
  });

  it('tell the end of a sandbox before the beginning of another one with its id', () => {
    open(true);
    appear();
    vanish();
    appear();
    const second = { ...sandbox, firstSeenMs: 20_000 };
    lifecycle.noteEnding(ending, second);
    vanish();
    clock.advance(60_000);
    const kinds = ['appeared', 'ended removed', 'appeared', 'ended finished', 'ended removed'];
    expect(told().map((text) => text.replace(' found', ''))).toEqual(kinds);
  });

  it('tell that it was not the end, if the shim is there again', () => {
    open(true);
    lifecycle.noteFirstLook();
    appear();
    see(upResult(true), downResult('refused', NO_LISTENER), upResult(true));
    clock.advance(60_000);
    expect(told()).toEqual(['appeared', 'ready', 'ended refused', 'healthy']);
  });

  it('tell of a sandbox that discovery has not seen, and not of one from before the monitor', () => {
    open(true);
    lifecycle.noteEnding({ ...ending, endSeconds: startSeconds + 8 }, undefined);
    lifecycle.noteEnding({ ...ending, sandboxId: 'old', endSeconds: startSeconds + 4 }, undefined);
    expect(events().map(({ kind, sandbox: id }) => [kind, id])).toEqual([
      ['appeared', 'a'],
      ['ended', 'a'],
      ['ended', 'old'],
    ]);
    expect(value('kata_sandbox_starts_total')).toBe(1);
  });

  it('tell a panic before the end that it caused, once', () => {
    open(true);
    appear();
    const panicked = { ...ending, reason: 'panicked', message: 'Kernel panic' };
    see(upResult(true, { panics: 0 }), upResult(true, { panics: 1 }));
    vanish();
    lifecycle.noteEnding(panicked, undefined);
    lifecycle.noteEnding({ ...panicked, sandboxId: 'short' }, undefined);
    expect(told().slice(2)).toEqual(['panic', 'ended panicked', 'panic', 'ended panicked']);
    expect(events().at(-1)).toMatchObject({ sandbox: 'short', root: null, message: 'Kernel panic' });
  });

  it('tell which sandboxes were there before, without what happened to them then', () => {
    appear();
    lifecycle.noteFirstLook();
    see(upResult(true, { oomKills: 7 }), upResult(true, { oomKills: 8 }));
    expect(told()).toEqual(['appeared found', 'ready found', 'oom_kill']);
    expect(events().at(-1)).toMatchObject({ count: 1 });
  });

  it('tell a restart of the guest as a new beginning', () => {
    appear();
    see(
      upResult(true, { guestUptimeSeconds: 50, oomKills: 4 }),
      upResult(false),
      upResult(true, { guestUptimeSeconds: 3, oomKills: 1 }),
    );
    expect(told().slice(2)).toEqual(['unresponsive guest', 'restarted guest', 'oom_kill', 'ready']);
    expect(events().map(({ restarts }) => restarts)).toEqual([0, 0, 0, 1, 1, 1]);
  });

  it('tell a panic, and the reset after it, once', () => {
    lifecycle.noteFirstLook();
    appear();
    const before = {
      guestUptimeSeconds: 9,
      panics: 0,
      resets: 1,
      agentReadySeconds: 2,
      shimStartSeconds: startSeconds + 1,
    };
    const after = { ...before, guestUptimeSeconds: undefined, panics: 1, resets: 2 };
    see(
      upResult(true, before),
      upResult(false, after),
      upResult(true, { ...after, guestUptimeSeconds: 1 }),
      upResult(true, { ...after, guestUptimeSeconds: 2 }),
    );
    expect(told()).toEqual(['appeared', 'ready', 'panic', 'restarted guest', 'ready']);
    expect(events().map(({ state }) => state)).toEqual(['created', 'running', 'booting', 'booting', 'running']);
    expect(value('kata_sandbox_agent_ready_duration_seconds', '_count')).toBe(1);
  });

  it('tell a restart of a shim that was killed', () => {
    lifecycle.noteFirstLook();
    appear();
    see(
      upResult(true, { shimStartSeconds: startSeconds }),
      downResult('refused', NO_LISTENER),
      upResult(false, { shimStartSeconds: startSeconds + 99 }),
      upResult(true, { shimStartSeconds: startSeconds + 99 }),
    );
    vanish();
    expect(told()).toEqual(['appeared', 'ready', 'ended refused', 'restarted shim', 'ready', 'ended removed']);
    expect(value('kata_sandbox_starts_total')).toBe(2);
  });

  it('tell of a thousand sandboxes that come and go', () => {
    lifecycle.noteFirstLook();
    const all = Array.from({ length: 1000 }, (_, i) => sandboxIn('/root', `s${i}`, 0));
    lifecycle.noteChange({ appeared: all, vanished: [] });
    lifecycle.noteChange({ appeared: [], vanished: all });
    expect(events().filter(({ kind }) => kind === 'ended')).toHaveLength(1000);
    expect(value('kata_sandbox_starts_total')).toBe(1000);
  });
});

describe('times of starts', () => {
  const facts = { shimStartSeconds: startSeconds + 1, agentReadySeconds: 3, firstContainerSeconds: 4 };

  it('are counted once for each start', () => {
    see(upResult(true, facts), upResult(true, facts));
    expect(value('kata_sandbox_agent_ready_duration_seconds', '_count')).toBe(1);
    expect(value('kata_sandbox_agent_ready_duration_seconds', '_sum')).toBe(3);
    expect(value('kata_sandbox_first_container_duration_seconds', '_sum')).toBe(4);
    see(upResult(true, { ...facts, shimStartSeconds: startSeconds + 9, agentReadySeconds: 5 }));
    expect(value('kata_sandbox_agent_ready_duration_seconds', '_sum')).toBe(8);
  });

  it('are not counted of sandboxes that were started before the monitor, and of shims that do not report them', () => {
    see(upResult(true, { ...facts, shimStartSeconds: startSeconds - 1 }), upResult(true));
    expect(value('kata_sandbox_agent_ready_duration_seconds', '_count')).toBe(0);
  });

  it.each([
    ['take longer than the shim has run', { ...facts, agentReadySeconds: 3600, firstContainerSeconds: 1e308 }],
    ['begin in the future', { ...facts, shimStartSeconds: startSeconds + 3600 }],
  ])('are not counted where they %s', (_what, lie) => {
    see(upResult(true, lie));
    expect(value('kata_sandbox_agent_ready_duration_seconds', '_count')).toBe(0);
    expect(value('kata_sandbox_first_container_duration_seconds', '_sum')).toBe(0);
  });

  it('are the time of the event "ready", unless it is in the future', () => {
    see(upResult(true, { shimStartSeconds: 1000, agentReadySeconds: 3 }));
    expect(events().at(-1)).toMatchObject({ kind: 'ready', timeSeconds: 1003 });
    see(upResult(true, { shimStartSeconds: 1e12, agentReadySeconds: 3 }));
    expect(events().at(-1)!.timeSeconds).toBeLessThanOrEqual(Date.now() / 1000);
  });
});
