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
