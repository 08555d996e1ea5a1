import type { MergePlan } from '../../exposition/index.ts';

/** One plan with the families of all, in the order of their names. They must have no family in common. */
export function joinPlans(...plans: readonly MergePlan[]): MergePlan {
  const families = plans.flatMap((plan) => plan.families).sort((one, other) => (one.name < other.name ? -1 : 1));
  return { families, refusals: plans.flatMap(({ refusals }) => refusals) };
}
