/**
 * The families that say how the scrape of each sandbox went.
 */
import { type CatalogFamily, family } from '../collectors/index.ts';
import type { Sandbox } from './sandbox.ts';
import type { SandboxErrorReason, SandboxResult } from './sandbox-result.ts';

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

/** Reasons that were found after collecting, by sandbox id, are given beside the results' own. */
export function collectSandboxFamilies(
  results: readonly SandboxResult[],
  laterErrors: ReadonlyMap<string, ReadonlySet<SandboxErrorReason>>,
): CatalogFamily[] {
  return [
    family(
      'kata_sandbox_scrape_error',
      results.flatMap(({ sandbox, errors }) =>
        [...errors, ...(laterErrors.get(sandbox.id) ?? [])].map((reason) => ({
          labels: { ...labelsOf(sandbox), reason },
          value: 1,
        })),
      ),
    ),
    family(
      'kata_sandbox_up',
      results.map(({ sandbox, isUp }) => ({ labels: labelsOf(sandbox), value: isUp ? 1 : 0 })),
    ),
  ];
}
