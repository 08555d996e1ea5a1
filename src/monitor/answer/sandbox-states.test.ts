import { describe, expect, it } from 'vitest';
import { downResult, upResult } from '../../../test/support/sandbox-results.ts';
import { sandboxIn } from '../../sandboxes/index.ts';
import { NO_LISTENER } from '../../shim-client/index.ts';
import type { SandboxResult } from '../scrape/sandbox-result.ts';
import { SandboxStates, type StateChange } from './sandbox-states.ts';

/** The changes that a series of results causes, one for each second from 1000 on. */
function noteFrom(
  startSeconds: number,
  ...results: SandboxResult[]
): { readonly states: SandboxStates; readonly changes: StateChange[] } {
  const changes: StateChange[] = [];
  const states = new SandboxStates((change) => changes.push(change));
  results.forEach((result, i) => {
    states.note([result], () => startSeconds, { nowSeconds: 1000 + i, isWholeNode: true });
  });
  return { states, changes };
}

/** Of a sandbox that was created long ago. */
const note = (...results: SandboxResult[]): ReturnType<typeof noteFrom> => noteFrom(0, ...results);

describe('the lifecycle state', () => {
  const running = upResult(true);
  it.each([
    ['created while the shim does not respond yet', [downResult('starting')], 'created'],
    ['running when it responds', [upResult(false), running], 'running'],
    ['paused when the shim says so', [running, upResult(false, { isPaused: true })], 'paused'],
    ['paused, even if an earlier response of the guest comes', [running, upResult(true, { isPaused: true })], 'paused'],
    ['unresponsive when the guest does not respond any more', [running, upResult(false)], 'unresponsive'],
    ['unresponsive when the shim does not', [running, downResult('timeout')], 'unresponsive'],
    ['unresponsive when its response is not usable', [running, downResult('protocol')], 'unresponsive'],
    ['ended when no shim listens', [running, downResult('refused', NO_LISTENER)], 'ended'],
    [
      'unresponsive when the shim takes no more connections',
      [running, downResult('refused', 'backlog is full')],
      'unresponsive',
    ],
    ['ended when there is no socket any more', [running, downResult('missing')], 'ended'],
    ['as before when the collection was cut short', [running, downResult('aborted')], 'running'],
  ] as const)('is %s', (_, results, lifecycle) => {
    expect(note(...results).states.of('a')!.lifecycle).toBe(lifecycle);
  });

  it('is booting while the guest of a young sandbox does not respond yet', () => {
    expect(noteFrom(1000, upResult(false)).states.of('a')!.lifecycle).toBe('booting');
  });

  it('has the time of its beginning, whatever the reasons are', () => {
    const { changes } = note(running, downResult('timeout'), downResult('protocol'), downResult('protocol'), running);
    expect(changes.map(({ now }) => [now.lifecycleSinceSeconds, now.sinceSeconds])).toEqual([
      [1000, 1000],
      [1001, 1001],
      [1001, 1002],
      [1001, 1002],
      [1004, 1004],
    ]);
  });

  it('ignores a result that is older than the last one', () => {
    const late = { ...upResult(true, { guestUptimeSeconds: 5 }), respondedMs: 1000 };
    const { states, changes } = note({ ...upResult(true, { guestUptimeSeconds: 9 }), respondedMs: 5000 }, late);
    expect(changes).toHaveLength(1);
    expect(states.of('a')!.restarts).toBe(0);
  });
});

describe('a restart', () => {
  it.each([
    ['of the shim: it has another start', [{ shimStartSeconds: 1000 }, { shimStartSeconds: 1010 }], 'shim'],
    [
      'no other start: a clock that was moved a little',
      [{ shimStartSeconds: 1000 }, { shimStartSeconds: 1000.9 }],
      undefined,
    ],
    ['of the guest: its uptime begins again', [{ guestUptimeSeconds: 50 }, { guestUptimeSeconds: 3 }], 'guest'],
    ['of the guest: its machine was reset', [{ resets: 0 }, { resets: 1 }], 'guest'],
    ['no: it was reset before', [{ resets: 1 }, { resets: 1 }], undefined],
    ['no: the uptime goes on', [{ guestUptimeSeconds: 50 }, { guestUptimeSeconds: 50 }], undefined],
    [
      'no: the uptime goes on, whatever the CPU time does',
      [
        { guestUptimeSeconds: 50, guestCpuSeconds: 9 },
        { guestUptimeSeconds: 51, guestCpuSeconds: 1 },
      ],
      undefined,
    ],
    ['of a guest without uptime: its CPU time begins again', [{ guestCpuSeconds: 9 }, { guestCpuSeconds: 1 }], 'guest'],
    [
      'of a guest that did not respond in between',
      [{ guestUptimeSeconds: 50 }, {}, { guestUptimeSeconds: 3 }],
      'guest',
    ],
  ] as const)('%s', (_, facts, restarted) => {
    const { changes, states } = note(...facts.map((each) => upResult(Object.keys(each).length > 0, each)));
    expect(changes.at(-1)!.restarted).toBe(restarted);
    expect(states.of('a')!.restarts).toBe(restarted === undefined ? 0 : 1);
  });

  it('makes the guest ready again, once', () => {
    const [before, after] = [upResult(true, { guestUptimeSeconds: 9 }), upResult(true, { guestUptimeSeconds: 2 })];
    const { changes } = note(before, before, after, after);
    expect(changes.map(({ isReady }) => isReady)).toEqual([true, false, true, false]);
  });

  it('makes a shim that is new boot again', () => {
    const { states } = note(upResult(true, { shimStartSeconds: 10 }), upResult(false, { shimStartSeconds: 990 }));
    expect(states.of('a')).toMatchObject({ lifecycle: 'booting', restarts: 1 });
  });
});

describe('the start of the guest', () => {
  const at = (respondedMs: number, facts: Parameters<typeof upResult>[1]): SandboxResult => ({
    ...upResult(true, facts),
    respondedMs,
  });
  it.each([
    ['is when its uptime was 0', [at(1_000_000, { shimStartSeconds: 990, guestUptimeSeconds: 8 })], 992_000],
    [
      'is the same in each collection, however long a response takes',
      [
        at(1_000_000, { shimStartSeconds: 990, guestUptimeSeconds: 8 }),
        at(1_001_700, { shimStartSeconds: 990, guestUptimeSeconds: 9 }),
      ],
      992_000,
    ],
    [
      'is another one after a restart',
      [
        at(1_000_000, { shimStartSeconds: 500, guestUptimeSeconds: 499 }),
        at(1_001_000, { shimStartSeconds: 500, guestUptimeSeconds: 0.5 }),
      ],
      1_000_500,
    ],
    [
      'is not known of a machine that was paused longer than it takes to boot, before the monitor was started',
      [at(1_000_000, { shimStartSeconds: 500, guestUptimeSeconds: 300 })],
      undefined,
    ],
    ['is not known without its uptime', [at(1_000_000, { shimStartSeconds: 990 })], undefined],
    [
      'is not known without the start of the shim',
      [at(1_000_000, { shimStartSeconds: undefined, guestUptimeSeconds: 8 })],
      undefined,
    ],
  ] as const)('%s', (_, results, startMs) => {
    expect(note(...results).states.of('a')!.guestStartMs).toBe(startMs);
  });
});

it('forgets sandboxes that are not on the node any more', () => {
  const states = new SandboxStates();
  const other = sandboxIn('/root', 'b', 0);
  const at = { nowSeconds: 1, isWholeNode: true };
  states.note([upResult(true), upResult(true, {}, other)], () => 0, at);
  states.note([upResult(true)], () => 0, at);
  expect(states.of('b')).toBeUndefined();
  states.note([upResult(true, {}, other)], () => 0, { ...at, isWholeNode: false });
  expect([states.of('a'), states.of('b')]).not.toContain(undefined);
  states.forget('a');
  expect(states.of('a')).toBeUndefined();
});
