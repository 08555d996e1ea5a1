import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runToEnd, scan } from '../exposition/index.ts';
import { computeDerived, layOutDerived } from './derived-metrics.ts';
import { type LifecycleFacts, readLifecycleFacts } from './lifecycle-facts.ts';

function read(body: string | Buffer): LifecycleFacts {
  const scanned = scan(Buffer.from(body));
  const layout = runToEnd(layOutDerived(scanned, false));
  return readLifecycleFacts(scanned, runToEnd(computeDerived(layout, scanned)));
}

const bodyOf = (name: string): Buffer =>
  readFileSync(join(import.meta.dirname, '../../test/fixtures/bodies', `${name}.metrics.txt`));

describe('readLifecycleFacts', () => {
  it('knows the restarts of a guest of every runtime', () => {
    for (const name of ['go-shim', 'kata-shim', 'runtime-rs']) {
      const { guestCpuSeconds, oomKills } = read(bodyOf(name));
      expect([name, guestCpuSeconds]).toEqual([name, expect.any(Number)]);
      expect([name, oomKills]).toEqual([name, 0]);
    }
    expect(read(bodyOf('go-shim')).shimStartSeconds).toBe(1795380357.92);
    expect(read(bodyOf('kata-shim'))).toMatchObject({ guestUptimeSeconds: 6.21, hasAgentVersion: false });
  });

  it.each([
    ['kata_hypervisor_paused 1\n', { isPaused: true }],
    ['kata_hypervisor_paused 0\n', { isPaused: false }],
    [
      'kata_shim_agent_ready_seconds 2.5\nkata_shim_first_container_seconds 3\n',
      { agentReadySeconds: 2.5, firstContainerSeconds: 3 },
    ],
    [
      'kata_hypervisor_guest_events_total{event="panicked"} 1\nkata_hypervisor_guest_events_total{event="reset"} 2\n',
      { panics: 1, resets: 2 },
    ],
    ['kata_hypervisor_guest_events_total{event="__proto__"} 1\n', { panics: undefined, resets: undefined }],
    ['kata_hypervisor_guest_events_total{event="panicked"} NaN\n', { panics: undefined }],
    ['kata_shim_process_start_time_seconds -1\n', { shimStartSeconds: undefined }],
    ['kata_shim_process_start_time_seconds +Inf\n', { shimStartSeconds: undefined }],
    ['process_start_time_seconds 5\n', { shimStartSeconds: 5, guestUptimeSeconds: undefined, hasAgentVersion: false }],
    ['kata_shim_sandbox_info{agent_version="1"} 1\n', { hasAgentVersion: true }],
    ['', { shimStartSeconds: undefined, isPaused: false }],
  ])('%j', (body, facts) => {
    expect(read(body)).toMatchObject(facts);
  });
});
