/**
 * Results of collections and events, as tests of the monitor need them.
 */
import type { LifecycleFacts } from '../../src/derived-metrics/index.ts';
import type { NewEvent } from '../../src/monitor/events/event-log.ts';
import { failedResult, type SandboxErrorReason, type SandboxResult } from '../../src/monitor/scrape/sandbox-result.ts';
import { sandboxIn } from '../../src/sandboxes/index.ts';

const sandbox = sandboxIn('/root', 'a', 0);

const noFacts: LifecycleFacts = {
  shimStartSeconds: 1000,
  guestUptimeSeconds: undefined,
  guestCpuSeconds: undefined,
  isPaused: false,
  agentReadySeconds: undefined,
  firstContainerSeconds: undefined,
  panics: undefined,
  resets: undefined,
  oomKills: undefined,
  hasAgentVersion: false,
};

/** A complete response. */
export function upResult(isGuestUp: boolean, facts: Partial<LifecycleFacts> = {}, of = sandbox): SandboxResult {
  return {
    ...failedResult(of, 'slow', ''),
    errors: [],
    message: undefined,
    isUp: true,
    isGuestUp,
    facts: { ...noFacts, ...facts },
  };
}

export function downResult(reason: SandboxErrorReason, message = '', of = sandbox): SandboxResult {
  return failedResult(of, reason, message);
}

export function newEvent(sandbox: string, fields: Partial<NewEvent> = {}): NewEvent {
  return {
    kind: 'healthy',
    timeSeconds: 1,
    sandbox,
    namespace: null,
    pod: null,
    uid: null,
    root: '/root',
    state: 'running',
    reason: null,
    message: null,
    count: null,
    restarts: 0,
    totals: null,
    ...fields,
  };
}
