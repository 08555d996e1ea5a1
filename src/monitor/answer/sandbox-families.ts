/**
 * The families about the scrape of each sandbox.
 */
import { lifecycleStates } from '../../api/index.ts';
import { type CatalogFamily, family } from '../../collectors/index.ts';
import type { SandboxLabels } from '../../cri/index.ts';
import type { SandboxResult } from '../scrape/sandbox-result.ts';
import type { Pods } from './pods.ts';
import type { SandboxStates } from './sandbox-states.ts';

export function collectSandboxFamilies(
  results: readonly SandboxResult[],
  pods: Pick<Pods, 'labelsOf'>,
  states: Pick<SandboxStates, 'of'>,
): CatalogFamily[] {
  const rows = results.map((result) => ({ result, labels: pods.labelsOf(result.sandbox.id) }));
  const known = rows.flatMap(({ labels, result }) => {
    const state = states.of(result.sandbox.id);
    return state === undefined ? [] : [{ labels, state }];
  });
  return [
    family(
      'kata_sandbox_dropped_samples',
      rows.flatMap(({ labels, result: { dropped } }) =>
        [...dropped].map(([reason, value]) => ({ labels: { ...labels, reason }, value })),
      ),
    ),
    family(
      'kata_sandbox_guest_up',
      rows.map(({ labels, result }) => ({ labels, value: result.isGuestUp ? 1 : 0 })),
    ),
    family(
      'kata_sandbox_last_success_age_seconds',
      rows.flatMap(({ labels, result }) => toSeconds(labels, result.successAgeMs)),
    ),
    family(
      'kata_sandbox_restarts_total',
      known.map(({ labels, state }) => ({ labels, value: state.restarts })),
    ),
    family(
      'kata_sandbox_scrape_duration_seconds',
      rows.flatMap(({ labels, result }) => toSeconds(labels, result.durationMs)),
    ),
    family(
      'kata_sandbox_scrape_error',
      rows.flatMap(({ labels, result }) =>
        result.errors.map((reason) => ({ labels: { ...labels, reason }, value: 1 })),
      ),
    ),
    family(
      'kata_sandbox_scrape_samples',
      rows.map(({ labels, result }) => ({ labels, value: countPassed(result) })),
    ),
    family(
      'kata_sandbox_state',
      known.flatMap(({ labels, state: { lifecycle } }) =>
        lifecycleStates.map((state) => ({ labels: { ...labels, state }, value: state === lifecycle ? 1 : 0 })),
      ),
    ),
    family(
      'kata_sandbox_state_start_time_seconds',
      known.map(({ labels, state }) => ({ labels, value: Math.round(state.lifecycleSinceSeconds * 1000) / 1000 })),
    ),
    family(
      'kata_sandbox_up',
      rows.map(({ labels, result }) => ({ labels, value: result.isUp ? 1 : 0 })),
    ),
  ];
}

/** Omits an unknown value. Rounds to tenths of milliseconds: more digits are noise that does not compress. */
function toSeconds(labels: SandboxLabels, ms: number | undefined): { labels: SandboxLabels; value: number }[] {
  return ms === undefined ? [] : [{ labels, value: Math.round(ms * 10) / 1e4 }];
}

function countPassed({ scan, dropped }: SandboxResult): number {
  const reasons = ['conflicting_family', 'forbidden_family', 'not_in_openmetrics'] as const;
  const refused = reasons.reduce((sum, reason) => sum + (dropped.get(reason) ?? 0), 0);
  return (scan?.form.sampleCount ?? 0) - refused;
}
