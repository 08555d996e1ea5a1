/**
 * The limits of a scrape that apply to all kinds of requests to the shims, from the settings.
 */
import type { MonitorSettings } from '../../settings/monitor.ts';
import type { FairBudgetLimits } from './fair-budget.ts';

export interface ScrapeLimits {
  readonly shimTimeoutMs: number;
  readonly maxShimRequests: number;
  readonly byteBudget: FairBudgetLimits;
  readonly sampleBudget: FairBudgetLimits;
}

export function toScrapeLimits({
  shimTimeoutMs,
  maxShimRequests,
  shareBytes,
  extraBytes,
  shareSamples,
  extraSamples,
}: MonitorSettings): ScrapeLimits {
  return {
    shimTimeoutMs,
    maxShimRequests,
    byteBudget: { share: shareBytes, extra: extraBytes },
    sampleBudget: { share: shareSamples, extra: extraSamples },
  };
}
