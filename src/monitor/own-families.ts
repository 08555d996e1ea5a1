/**
 * All that the monitor tells of itself, in one list. The order in the answer is the merge's, not this list's.
 */
import { type CatalogFamily, family } from '../collectors/index.ts';
import type { OwnMetrics } from './own-metrics.ts';

export interface OwnFamiliesContext {
  readonly ownMetrics: OwnMetrics;
  readonly version: string;
}

type OwnCollector = (context: OwnFamiliesContext) => Promise<readonly CatalogFamily[]>;

const ownCollectors: readonly OwnCollector[] = [({ ownMetrics }) => ownMetrics.collect(), collectBuildInfo];

/** The monitor's own families, read now. */
export async function collectOwnFamilies(context: OwnFamiliesContext): Promise<readonly CatalogFamily[]> {
  const collected = await Promise.all(ownCollectors.map((collect) => collect(context)));
  return collected.flat();
}

async function collectBuildInfo({ version }: OwnFamiliesContext): Promise<readonly CatalogFamily[]> {
  return [family('kata_monitor_build_info', [{ labels: { version, nodejs: process.version }, value: 1 }])];
}
