/**
 * The families that say how the scrape of each sandbox went.
 */
import { type CatalogFamily, family } from '../collectors/index.ts';
import type { Sandbox } from './sandbox.ts';
import type { SandboxResult } from './sandbox-result.ts';

/** The labels of a sandbox, in the order of `sandboxLabelNames`; what the container manager knows is not filled in yet. */
export interface SandboxLabels {
  readonly sandbox_id: string;
  readonly cri_uid: string;
  readonly cri_name: string;
  readonly cri_namespace: string;
}

export function labelsOf(sandbox: Sandbox): SandboxLabels {
  return { sandbox_id: sandbox.id, cri_uid: '', cri_name: '', cri_namespace: '' };
}

export function collectSandboxFamilies(results: readonly SandboxResult[]): CatalogFamily[] {
  return [
    family(
      'kata_sandbox_dropped_samples',
      results.flatMap(({ sandbox, dropped }) =>
        [...dropped].map(([reason, value]) => ({ labels: { ...labelsOf(sandbox), reason }, value })),
      ),
    ),
    family(
      'kata_sandbox_last_success_age_seconds',
      results.flatMap(({ sandbox, successAgeMs }) => toSeconds(sandbox, successAgeMs)),
    ),
    family(
      'kata_sandbox_scrape_duration_seconds',
      results.flatMap(({ sandbox, durationMs }) => toSeconds(sandbox, durationMs)),
    ),
    family(
      'kata_sandbox_scrape_error',
      results.flatMap(({ sandbox, errors }) =>
        errors.map((reason) => ({ labels: { ...labelsOf(sandbox), reason }, value: 1 })),
      ),
    ),
    family(
      'kata_sandbox_scrape_samples',
      results.map((result) => ({ labels: labelsOf(result.sandbox), value: countPassed(result) })),
    ),
    family(
      'kata_sandbox_up',
      results.map(({ sandbox, isUp }) => ({ labels: labelsOf(sandbox), value: isUp ? 1 : 0 })),
    ),
  ];
}

/** A figure is left out where it is not known; microseconds are enough. */
function toSeconds(sandbox: Sandbox, ms: number | undefined): { labels: SandboxLabels; value: number }[] {
  return ms === undefined ? [] : [{ labels: labelsOf(sandbox), value: Math.round(ms * 1000) / 1e6 }];
}

function countPassed({ scan, dropped }: SandboxResult): number {
  const refused = (dropped.get('conflicting_family') ?? 0) + (dropped.get('forbidden_family') ?? 0);
  return (scan?.sampleCount ?? 0) - refused;
}
