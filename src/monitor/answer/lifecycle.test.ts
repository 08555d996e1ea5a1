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
const pod = { id: 'a', name: 'web', namespace: 'shop', uid: 'u' } as CriPod;
const startSeconds = performance.timeOrigin / 1000;

let pods: Map<string, CriPod>;
let lifecycle: Lifecycle;
let ending: SandboxEnding | undefined;

beforeEach(() => {
  pods = new Map();
  ending = undefined;
  lifecycle = new Lifecycle({
    maxEvents: 5000,
    maxBytes: 10_000_000,
    clock: new ManualClock(),
    findPod: (id) => pods.get(id),
    readEnding: () => ending,
  });
});

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
    appear();
    pods.set('a', pod);
    const totals = { lifetimeSeconds: 5 } as SandboxEnding['totals'];
    ending = { reason: 'shutdown', message: 'The guest was shut down', totals };
    vanish();
    expect(events().at(-1)).toMatchObject({ kind: 'ended', reason: 'shutdown', totals, namespace: 'shop', pod: 'web' });
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

  it('are the time of the event "ready", unless it is in the future', () => {
    see(upResult(true, { shimStartSeconds: 1000, agentReadySeconds: 3 }));
    expect(events().at(-1)).toMatchObject({ kind: 'ready', timeSeconds: 1003 });
    see(upResult(true, { shimStartSeconds: 1e12, agentReadySeconds: 3 }));
    expect(events().at(-1)!.timeSeconds).toBeLessThanOrEqual(Date.now() / 1000);
  });
});
