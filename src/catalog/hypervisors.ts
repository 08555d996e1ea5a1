/**
 * The kinds of hypervisors, for the flags that choose one and for the label that names it. The folder of the same
 * name in `shim/hypervisors` starts it.
 */

interface HypervisorRow {
  /** Whether `kata-metrics up` can start sandboxes in it. */
  readonly isForUp: boolean;
}

/** Hypervisors that `kata-shim run` starts. */
export const hypervisors = {
  firecracker: { isForUp: false },
  process: { isForUp: true },
  qemu: { isForUp: true },
} as const satisfies Readonly<Record<string, HypervisorRow>>;

export type StartedHypervisor = keyof typeof hypervisors;

/** Hypervisors that `up` can start. */
export type UpHypervisor = {
  [K in StartedHypervisor]: (typeof hypervisors)[K]['isForUp'] extends true ? K : never;
}[StartedHypervisor];

export const startedHypervisors = Object.keys(hypervisors) as StartedHypervisor[];
export const upHypervisors = startedHypervisors.filter((kind): kind is UpHypervisor => hypervisors[kind].isForUp);

/** Values of the label `hypervisor`: `attached` is one that another program started. */
export const hypervisorKinds = ['attached', ...startedHypervisors] as const;
