/**
 * Drops families of a sandbox whose samples exceed its share of the scrape, starting with the first family that does not fit.
 */
import { countSamples, type Scan, type ScannedFamily } from '../../exposition/index.ts';
import type { ScrapeBudget } from './fair-budget.ts';
import type { SandboxResult } from './sandbox-result.ts';

export function cutToBudget(result: SandboxResult, budget: ScrapeBudget): SandboxResult {
  const wanted = result.scan?.form.sampleCount ?? 0;
  const granted = budget.grant(result.sandbox.id, wanted);
  if (result.scan === undefined || granted >= wanted) {
    return result;
  }
  const scan = keepSamples(result.scan, granted);
  const dropped = new Map(result.dropped).set('over_budget', wanted - scan.form.sampleCount);
  const errors = result.errors.includes('over_budget') ? result.errors : [...result.errors, 'over_budget' as const];
  const message =
    result.message ?? `sandbox has ${wanted} samples and exceeds its share of the scrape, ${granted} samples`;
  return { ...result, scan, dropped, errors, message };
}

function keepSamples(scan: Scan, granted: number): Scan {
  const families: ScannedFamily[] = [];
  let sampleCount = 0;
  for (const family of scan.form.families) {
    const count = countSamples(family);
    if (sampleCount + count > granted) {
      break;
    }
    families.push(family);
    sampleCount += count;
  }
  return { ...scan, form: { ...scan.form, families, sampleCount } };
}
