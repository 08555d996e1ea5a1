import { describe, expect, it } from 'vitest';
import { scan } from '../exposition/index.ts';
import { guestState, hasAgentVersion, isPausedIn } from './guest-state.ts';

describe('guestState', () => {
  it.each([
    ['it responds', false, true, true, 5000, 'running'],
    ['it responds, and the shim says nothing of it', false, true, false, undefined, 'running'],
    ['not yet', false, false, false, 5, 'booting'],
    ['not after two minutes', false, false, false, 120, 'guest-unresponsive'],
    ['not any more', false, false, true, 5, 'guest-unresponsive'],
    ['not, at an unknown age', false, false, false, undefined, 'guest-unresponsive'],
    ['it is paused, and does not respond', true, false, true, 5, 'paused'],
    ['it is paused, and an earlier response arrives late', true, true, true, 5, 'paused'],
  ] as const)('%s', (_, isPaused, isGuestUp, hasResponded, ageSeconds, state) => {
    expect(guestState({ isPaused, isGuestUp, hasResponded, ageSeconds })).toBe(state);
  });
});

describe('hasAgentVersion', () => {
  it.each([
    ['kata_shim_sandbox_info{hypervisor="qemu",agent_version="0.1.0"} 1\n', true],
    ['kata_shim_sandbox_info{hypervisor="qemu",agent_version=""} 1\n', false],
    ['kata_shim_threads 1\n', false],
  ])('%j', (body, expected) => {
    expect(hasAgentVersion(scan(Buffer.from(body)))).toBe(expected);
  });
});

describe('isPausedIn', () => {
  it.each([
    ['kata_hypervisor_paused 1\n', true],
    ['kata_hypervisor_paused 0\n', false],
    ['kata_hypervisor_paused NaN\n', false],
    ['kata_hypervisor_threads 1\n', false],
  ])('%j', (body, expected) => {
    expect(isPausedIn(scan(Buffer.from(body)))).toBe(expected);
  });
});
