/**
 * Converts the resources of a container to those that its guest has. CPUs, NUMA nodes and page sizes in the specification
 * are those of the host. Source: config-linux.md of the OCI runtime specification, and the limits of the kernel's
 * cgroups.
 */
import type { LinuxResources } from '../runtime-proto/index.ts';
import { Code, TtrpcError } from '../ttrpc/index.ts';

/** A guest has one. */
const NUMA_NODES = 1;
const LIST = /^\d{1,6}(?:-\d{1,6})?(?:,\d{1,6}(?:-\d{1,6})?)*$/;

interface Range {
  readonly what: string;
  /** 0 means "not set" in the message, and is always valid. */
  readonly pick: (resources: LinuxResources) => bigint | undefined;
  readonly min: bigint;
  readonly max: bigint;
  /** -1 means "no limit". */
  readonly canBeUnlimited: boolean;
}

const MAX_INT64 = 2n ** 63n - 1n;

const ranges: readonly Range[] = [
  { what: 'CPU shares', pick: ({ cpu }) => cpu?.shares, min: 2n, max: 262_144n, canBeUnlimited: false },
  {
    what: 'CPU quota in microseconds',
    pick: ({ cpu }) => cpu?.quota,
    min: 1000n,
    max: MAX_INT64,
    canBeUnlimited: true,
  },
  {
    what: 'CPU period in microseconds',
    pick: ({ cpu }) => cpu?.period,
    min: 1000n,
    max: 1_000_000n,
    canBeUnlimited: false,
  },
  { what: 'memory limit in bytes', pick: ({ memory }) => memory?.limit, min: 1n, max: MAX_INT64, canBeUnlimited: true },
  {
    what: 'memory and swap limit in bytes',
    pick: ({ memory }) => memory?.swap,
    min: 1n,
    max: MAX_INT64,
    canBeUnlimited: true,
  },
  { what: 'limit of processes', pick: ({ pids }) => pids?.limit, min: 1n, max: MAX_INT64, canBeUnlimited: true },
];

/**
 * Changes `resources`. A set of CPUs or NUMA nodes that the guest does not have is left out: the container may use all of the guest,
 * up to its quota. `onOmitted` gets a message for each.
 * @throws {TtrpcError} INVALID_ARGUMENT for a value that no kernel takes, UNIMPLEMENTED for huge pages.
 */
export function fitToGuest(resources: LinuxResources, guestCpus: number, onOmitted: (message: string) => void): void {
  for (const { what, pick, min, max, canBeUnlimited } of ranges) {
    const value = pick(resources) ?? 0n;
    if (value !== 0n && !(canBeUnlimited && value === -1n) && (value < min || value > max)) {
      const unlimited = canBeUnlimited ? ' or -1' : '';
      throw new TtrpcError(Code.invalidArgument, `The ${what} must be from ${min} to ${max}${unlimited}, got ${value}`);
    }
  }
  const { cpu } = resources;
  if (cpu !== undefined) {
    cpu.cpus = keepIfBelow('set of CPUs', cpu.cpus, guestCpus, onOmitted);
    cpu.mems = keepIfBelow('set of NUMA nodes', cpu.mems, NUMA_NODES, onOmitted);
  }
  // The kubelet sets the limit of every page size to 0 for a container that requests no huge pages.
  const huge = resources.hugepageLimits.find(({ limit }) => limit > 0n);
  if (huge !== undefined) {
    throw new TtrpcError(
      Code.unimplemented,
      `Huge pages are not supported, got a limit of ${huge.limit} bytes for pages of "${huge.pagesize}"`,
    );
  }
  resources.hugepageLimits = [];
}

function keepIfBelow(what: string, list: string, count: number, onOmitted: (message: string) => void): string {
  if (list === '') {
    return list;
  }
  if (!LIST.test(list)) {
    throw new TtrpcError(
      Code.invalidArgument,
      `The ${what} must be numbers and ranges such as 0-3,6, got ${JSON.stringify(list.slice(0, 100))}`,
    );
  }
  if (list.split(/[-,]/).every((number) => Number(number) < count)) {
    return list;
  }
  onOmitted(`The ${what} "${list}" is omitted: the guest has 0 to ${count - 1}`);
  return '';
}
