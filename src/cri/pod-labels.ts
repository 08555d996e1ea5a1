/**
 * The labels from the container manager that the samples of sandboxes have, and the pod labels that the operator selects.
 */
import type { CriPod } from './cri-types.ts';

/** The labels of a sandbox, in their order of output; empty where the container manager does not know it. */
export interface SandboxLabels {
  readonly sandbox_id: string;
  readonly cri_uid: string;
  readonly cri_name: string;
  readonly cri_namespace: string;
}

export function toSandboxLabels(sandboxId: string, pod: CriPod | undefined): SandboxLabels {
  return {
    sandbox_id: sandboxId,
    cri_uid: pod?.uid ?? '',
    cri_name: pod?.name ?? '',
    cri_namespace: pod?.namespace ?? '',
  };
}

/** A label of a pod, and its name in `kata_sandbox_labels`. */
export interface PodLabel {
  readonly name: string;
  readonly metricLabel: string;
}

/**
 * Converts the names that the operator selects: `app.kubernetes.io/name` becomes `label_app_kubernetes_io_name`.
 * @throws {RangeError} when two of them would get the same name, or one is empty.
 */
export function toPodLabels(names: readonly string[]): PodLabel[] {
  const labels = new Map<string, PodLabel>();
  for (const name of new Set(names.map((each) => each.trim()))) {
    const metricLabel = `label_${name.replace(/[^a-zA-Z0-9_]/g, '_')}`;
    const other = labels.get(metricLabel);
    if (name === '') {
      throw new RangeError('must not be empty');
    }
    if (other !== undefined) {
      throw new RangeError(`has two labels that would both be called "${metricLabel}": "${other.name}" and "${name}"`);
    }
    labels.set(metricLabel, { name, metricLabel });
  }
  return [...labels.values()];
}
