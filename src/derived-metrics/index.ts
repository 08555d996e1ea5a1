/**
 * Metrics of a sandbox in base units, derived from the families of its shim. Pure: a scan in, a scan out.
 */

export { computeDerived, type DerivedLayout, layOutDerived } from './derived-metrics.ts';
export { guestState } from './guest-state.ts';
export { hasGuestSamples } from './has-guest.ts';
export { addDerivedMetricInputs } from './inputs.ts';
export { type LifecycleFacts, readLifecycleFacts } from './lifecycle-facts.ts';
