/**
 * Creates families. This is the only way for a collector: the name and the labels must be those of the catalog. Anything
 * else is a type error.
 */
import { type Catalog, catalog, type FamilyName, type LabelName, type OpenFamilyName } from '../catalog/index.ts';
import type { MetricFamily, Sample, SampleSuffix } from '../exposition/index.ts';

/** A family whose name is in the catalog, or is one that the catalog leaves open. */
export interface CatalogFamily extends MetricFamily {
  readonly name: FamilyName | OpenFamilyName;
}

/** One sample of family `N`: exactly the labels of its catalog row; histograms and summaries add their own. */
export interface CatalogSample<N extends FamilyName> extends Sample {
  readonly suffix?: Catalog[N]['type'] extends 'histogram' | 'summary' ? SampleSuffix : '';
  readonly labels: Readonly<Record<LabelName<N>, string>> &
    (Catalog[N]['type'] extends 'histogram'
      ? { readonly le?: string }
      : Catalog[N]['type'] extends 'summary'
        ? { readonly quantile?: string }
        : unknown);
}

/** Type and HELP come from the catalog. */
export function family<N extends FamilyName>(name: N, samples: readonly CatalogSample<N>[]): CatalogFamily {
  const { type, help } = catalog[name];
  return { name, type, help, samples };
}

/** A family of a name that is only known when it is read. */
export function openFamily(name: OpenFamilyName, help: string, samples: readonly Sample[]): CatalogFamily {
  return { name, type: 'gauge', help, samples };
}

/** Families of the catalog that have no labels. */
export type UnlabelledFamilyName = {
  [N in FamilyName]: LabelName<N> extends never ? (Catalog[N]['type'] extends 'counter' | 'gauge' ? N : never) : never;
}[FamilyName];

/** A shared object, so that a printer recognizes the labels of the last scrape by identity. */
const NO_LABELS = {};

/** A family of one sample without labels. */
export function singleFamily(name: UnlabelledFamilyName, value: Sample['value']): CatalogFamily {
  const { type, help } = catalog[name];
  return { name, type, help, samples: [{ labels: NO_LABELS, value }] };
}
