import { expect, it } from 'vitest';
import { toFleetSandboxes } from './fleet-sandboxes.ts';
import type { Series } from './prom-ql.ts';

const series = (name: string, value: string): Series => ({
  metric: { __name__: name, sandbox_id: 'a', instance: 'node:8090' },
  value: [1000, value],
});

it.each([
  ['1', '0', '1', 'paused'],
  ['1', '0', '0', 'guest-unresponsive'],
  ['1', '1', '0', 'running'],
  ['0', '0', '1', 'broken'],
])('up %s, guest up %s and paused %s are the state %s', (up, guestUp, paused, state) => {
  const gauges = [
    series('kata_sandbox_up', up),
    series('kata_sandbox_guest_up', guestUp),
    series('kata_hypervisor_paused', paused),
  ];
  expect(toFleetSandboxes(gauges, [], new Map()).map(({ status }) => status.state)).toEqual([state]);
});

it.each([
  ['as the monitor tells it', [series('kata_sandbox_state_start_time_seconds', '940')], 940],
  ['as its shim does not respond', [series('kata_sandbox_last_success_age_seconds', '30')], 970],
  ['unknown', [], null],
])('the time of a state is %s', (_, gauges, seconds) => {
  const [sandbox] = toFleetSandboxes([series('kata_sandbox_up', '0'), ...gauges], [], new Map());
  expect(sandbox?.status.stateSinceSeconds).toBe(seconds);
});

it('has restarts and OOM kills, if they are known', () => {
  const gauges = [series('kata_sandbox_up', '1'), series('kata_sandbox_restarts_total', '2')];
  const [sandbox] = toFleetSandboxes(gauges, [], new Map());
  expect([sandbox?.status.restarts, sandbox?.status.memory.oomKillsTotal]).toEqual([2, null]);
});
