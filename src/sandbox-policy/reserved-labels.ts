/**
 * The label names that only the monitor may write. Both checks use this list: the shim checks the guest, and the monitor
 * every shim.
 */

/** The labels that every sample of a sandbox gets, in their order of output. */
export const sandboxLabelNames = ['sandbox_id', 'cri_uid', 'cri_name', 'cri_namespace'] as const;

/**
 * Prometheus keeps names that begin with `__` for itself: `__name__` in a sample makes it reject the whole response, and
 * `__type__` or `__address__` would say something about the target. `*` stands for any rest of a name.
 */
export const reservedLabels: readonly string[] = [...sandboxLabelNames, '__*'];
