/**
 * Runs a program's list of collectors and gathers their families. One that fails costs its own families and nothing
 * else; it is reported, not thrown.
 */
import { catalog, type FamilyDefinition } from '../catalog/index.ts';
import type { MetricFamily } from '../exposition/index.ts';
import type { CatalogFamily } from './family.ts';

/** One group of families. Returns none when what it reads does not exist here; may throw when it cannot be read. */
export interface Collector<C> {
  readonly name: string;
  readonly collect: (context: C) => Promise<CatalogFamily[]>;
}

export interface CollectorProblem {
  readonly collector: string;
  readonly message: string;
}

export interface Collected {
  /** In the order of the list; those that were renamed under their former name too. */
  readonly families: CatalogFamily[];
  readonly problems: readonly CollectorProblem[];
}

export async function collectFamilies<C>(collectors: readonly Collector<C>[], context: C): Promise<Collected> {
  const problems: CollectorProblem[] = [];
  const results = await Promise.all(
    collectors.map(async ({ name, collect }) => {
      try {
        const families = await collect(context);
        if (families.length === 0) {
          problems.push({ collector: name, message: 'Nothing to read here' });
        }
        return families;
      } catch (error) {
        problems.push({ collector: name, message: error instanceof Error ? error.message : String(error) });
        return [];
      }
    }),
  );
  return { families: keepFormerNames(results.flat()), problems };
}

/**
 * Every family, and after one whose row in `table` has a `formerName` the same samples under that name, so that dashboards
 * and rules have time to follow.
 */
export function keepFormerNames<F extends MetricFamily>(
  families: readonly F[],
  table: Readonly<Record<string, FamilyDefinition>> = catalog,
): F[] {
  return families.flatMap((family) => {
    const name = Object.hasOwn(table, family.name) ? table[family.name]!.formerName : undefined;
    return name === undefined ? [family] : [family, { ...family, name: name as F['name'] }];
  });
}
