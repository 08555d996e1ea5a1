import type { MergePlan } from '../../exposition/index.ts';

/** One plan with the families of both, in the order of their names. They must have no family in common. */
export function joinPlans(a: MergePlan, b: MergePlan): MergePlan {
  const families = [...a.families, ...b.families].sort((one, other) => (one.name < other.name ? -1 : 1));
  return { families, refusals: [...a.refusals, ...b.refusals] };
}
