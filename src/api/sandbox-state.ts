/**
 * The state of a sandbox whose shim does not respond, and whether a state is healthy. Shared by the monitor, which has the
 * results of a collection, and by readers of its metrics. Pure.
 */

/** States of a sandbox, in the order of the page: the healthy ones first. */
export const sandboxStates = [
  'running',
  'booting',
  'starting',
  'paused',
  'guest-unresponsive',
  'unresponsive',
  'broken',
  'stale',
] as const;

type State = (typeof sandboxStates)[number];

const stateOfReason: Readonly<Record<string, State>> = {
  aborted: 'unresponsive',
  missing: 'stale',
  refused: 'stale',
  slow: 'unresponsive',
  starting: 'starting',
  timeout: 'unresponsive',
};

/** `reason`: the first one of kata_sandbox_scrape_error. */
export function stateOfShim(reason: string | undefined): State {
  return (reason !== undefined && Object.hasOwn(stateOfReason, reason) ? stateOfReason[reason] : undefined) ?? 'broken';
}

const healthyStates: ReadonlySet<State> = new Set(['booting', 'running', 'starting']);

/** `starting` is a reason that every new sandbox has for a moment. */
export function isHealthy({ state, reasons }: { readonly state: State; readonly reasons: readonly string[] }): boolean {
  return healthyStates.has(state) && reasons.every((reason) => reason === 'starting' || state === 'starting');
}

/** The states of a sandbox from its creation to its end, as `kata_sandbox_state` and events have them. */
export const lifecycleStates = ['created', 'booting', 'running', 'paused', 'unresponsive', 'ended'] as const;

export type LifecycleState = (typeof lifecycleStates)[number];

const lifecycles: Readonly<Record<State, LifecycleState>> = {
  running: 'running',
  booting: 'booting',
  starting: 'created',
  paused: 'paused',
  'guest-unresponsive': 'unresponsive',
  unresponsive: 'unresponsive',
  broken: 'unresponsive',
  stale: 'ended',
};

/** Returns the state in `kata_sandbox_state`, which distinguishes fewer states than the API. */
export function lifecycleOf(state: State): LifecycleState {
  return lifecycles[state];
}
