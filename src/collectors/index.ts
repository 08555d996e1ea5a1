/**
 * One file for each group of families: `collect(context)` gives them, nothing is printed.
 */
export { type CatalogFamily, family, singleFamily } from './family.ts';
export { collectFromPromClient } from './from-prom-client.ts';
