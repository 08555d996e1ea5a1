/**
 * Sends families that were renamed under both names, so that dashboards and rules have time to follow.
 */
import { catalog, type FamilyDefinition } from '../catalog/index.ts';
import type { MetricFamily } from '../exposition/index.ts';

/** Every family, and after one whose row in `table` has a `formerName` the same samples under that name. */
export function keepFormerNames<F extends MetricFamily>(
  families: readonly F[],
  table: Readonly<Record<string, FamilyDefinition>> = catalog,
): F[] {
  return families.flatMap((family) => {
    const name = Object.hasOwn(table, family.name) ? table[family.name]!.formerName : undefined;
    return name === undefined ? [family] : [family, { ...family, name: name as F['name'] }];
  });
}
