/**
 * The counts of what the readers of /proc and of cgroups have skipped, as families of the agent and of the shim. Called
 * last, so that the lines of this scrape are included.
 */
import type { SkippedLines } from '../procfs/index.ts';
import { type CatalogFamily, family } from './family.ts';

/** None as long as nothing was skipped. */
export function collectSkippedLines(
  name: 'kata_agent_skipped_lines' | 'kata_shim_skipped_lines',
  skipped: SkippedLines,
): CatalogFamily[] {
  const samples = [...skipped.counts()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([file, value]) => ({ labels: { file }, value }));
  return samples.length === 0 ? [] : [family(name, samples)];
}
