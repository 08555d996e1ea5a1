/**
 * Runs the collectors of a program and gathers their families. A collector that fails costs only its own families; the
 * failure is reported, not thrown.
 */
import { catalog, type FamilyDefinition } from '../catalog/index.ts';
import type { MetricFamily } from '../exposition/index.ts';
import type { CatalogFamily } from './family.ts';

/** One group of families. Returns none when what it reads does not exist here; may throw when it cannot be read. */
export interface Collector<C> {
  readonly name: string;
  readonly collect: (context: C) => CatalogFamily[] | Promise<CatalogFamily[]>;
  /** No families are no problem: a guest can have no containers, and a kernel no PSI. */
  readonly canBeEmpty?: boolean;
}

export interface CollectorProblem {
  readonly collector: string;
  readonly message: string;
}

export interface Collected {
  /** Families in the order of the list. A renamed family is also there under its former name. */
  readonly families: CatalogFamily[];
  readonly problems: readonly CollectorProblem[];
}

/** Returns the families of all collectors, and the problems of those that failed. Never rejects. */
export async function collectFamilies<C>(collectors: readonly Collector<C>[], context: C): Promise<Collected> {
  const problems: CollectorProblem[] = [];
  const fail = (collector: string, error: unknown): CatalogFamily[] => {
    problems.push({ collector, message: error instanceof Error ? error.message : String(error) });
    return [];
  };
  const pass = (collector: string, families: CatalogFamily[], canBeEmpty = false): CatalogFamily[] => {
    if (families.length === 0 && !canBeEmpty) {
      problems.push({ collector, message: 'Nothing to read here' });
    }
    return families;
  };
  // Most collectors only read files, which is synchronous: they cost no promise.
  const results = collectors.map(({ name, collect, canBeEmpty }) => {
    try {
      const families = collect(context);
      return Array.isArray(families)
        ? pass(name, families, canBeEmpty)
        : families.then(
            (late) => pass(name, late, canBeEmpty),
            (error: unknown) => fail(name, error),
          );
    } catch (error) {
      return fail(name, error);
    }
  });
  const waited = results.every((result) => Array.isArray(result)) ? results : await Promise.all(results);
  return { families: keepFormerNames(waited.flat()), problems };
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
