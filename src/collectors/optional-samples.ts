/**
 * Samples of values that a kernel may not report, and families of them. Pure; the collectors of /proc call it.
 */
import type { Sample } from '../exposition/index.ts';
import { type CatalogFamily, singleFamily, type UnlabelledFamilyName } from './family.ts';
import { itemLabels } from './label-sets.ts';

/** Samples by `item`; those without a value are left out. */
export function toItems<I extends string>(
  values: Readonly<Record<I, string | undefined>>,
): { labels: { readonly item: I }; value: string }[] {
  return Object.entries<string | undefined>(values).flatMap(([item, value]) =>
    value === undefined ? [] : [{ labels: itemLabels(item as I), value }],
  );
}

/** None where there is no value. */
export function singleFamilies(name: UnlabelledFamilyName, value: Sample['value'] | undefined): CatalogFamily[] {
  return value === undefined ? [] : [singleFamily(name, value)];
}

/** Two names of the kernel can be spelled alike as items: the first one counts, for series are unique. */
export function firstOfEachItem<S extends { readonly labels: { readonly item: string } }>(samples: readonly S[]): S[] {
  const items = new Set<string>();
  return samples.filter(({ labels: { item } }) => {
    const isFirst = !items.has(item);
    items.add(item);
    return isFirst;
  });
}
