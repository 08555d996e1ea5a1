import { describe, expect, it } from 'vitest';
import { scan } from '../exposition/index.ts';
import { guestState, hasAgentVersion } from './guest-state.ts';

describe('guestState', () => {
  it.each([
    ['it responds', true, true, 5000, 'running'],
    ['it responds, and the shim says nothing of it', true, false, undefined, 'running'],
    ['not yet', false, false, 5, 'booting'],
    ['not after two minutes', false, false, 120, 'guest-unresponsive'],
    ['not any more', false, true, 5, 'guest-unresponsive'],
    ['not, at an unknown age', false, false, undefined, 'guest-unresponsive'],
  ] as const)('%s', (_, isGuestUp, hasResponded, ageSeconds, state) => {
    expect(guestState({ isGuestUp, hasResponded, ageSeconds })).toBe(state);
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
