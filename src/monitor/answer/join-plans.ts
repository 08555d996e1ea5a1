/**
 * Creates plans of a response: one of the monitor's own families, and one from several.
 */
import { keepNames, type MergePlan, type MetricFamily, noLabels, planMerge, tabulate } from '../../exposition/index.ts';

/** Families that the monitor has made, as they are. `createdMs`: when their counters began, if that is known. */
export function planFamilies(families: readonly MetricFamily[], createdMs?: number): MergePlan {
  const source = { id: '', scan: tabulate(families), labels: noLabels, naming: keepNames };
  return planMerge([createdMs === undefined ? source : { ...source, createdMs }]);
}

/** Returns one plan with the families of all, sorted by name. The plans must have no family in common. */
export function joinPlans(...plans: readonly MergePlan[]): MergePlan {
  const families = plans.flatMap((plan) => plan.families).sort((one, other) => (one.name < other.name ? -1 : 1));
  return { families, refusals: plans.flatMap(({ refusals }) => refusals) };
}
