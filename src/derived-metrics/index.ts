/**
 * The figures of a sandbox in base units, worked out from what its shim gives. Pure: a scan in, a scan out.
 */

export { computeDerived, type DerivedLayout, layOutDerived } from './derived-metrics.ts';
export { hasGuestSamples } from './has-guest.ts';
export { isFigureInput } from './inputs.ts';
