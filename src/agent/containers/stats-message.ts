/**
 * The message into which both versions of cgroups are converted, and digits as its 64-bit numbers. It was designed for
 * v1. Values that a version does not have are 0, because protobuf cannot express their absence.
 */
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { StatsContainerResponseSchema } from '../../proto/index.ts';

type Response = MessageInitShape<typeof StatsContainerResponseSchema>;

export type CgroupStatsInit = NonNullable<Response['cgroupStats']>;
export type NetworkStatsInit = NonNullable<Response['networkStats']>[number];
export type BlkioEntryInit = NonNullable<
  NonNullable<NonNullable<CgroupStatsInit['blkioStats']>['ioServiceBytesRecursive']>
>[number];

export interface CpuDigits {
  readonly total: string | undefined;
  readonly kernel: string | undefined;
  readonly user: string | undefined;
}

/**
 * CPU time, `factor` nanoseconds for each unit. Undefined when neither the total nor both of its parts are known: a 0 would
 * be a value, and what is worked out from it wrong.
 */
export function toCpuUsage({ total, kernel, user }: CpuDigits, factor: bigint) {
  const isKnown = total !== undefined || (kernel !== undefined && user !== undefined);
  const usageInKernelmode = toU64(kernel, factor);
  const usageInUsermode = toU64(user, factor);
  const totalUsage = total === undefined ? usageInKernelmode + usageInUsermode : toU64(total, factor);
  return isKnown ? { totalUsage, usageInKernelmode, usageInUsermode } : undefined;
}

const MAX_U64 = 2n ** 64n - 1n;

/** Digits of the kernel times `factor`, at most the largest value of the message; 0 for a missing or negative value. */
export function toU64(digits: string | undefined, factor = 1n): bigint {
  const value = digits === undefined || !/^\d+$/.test(digits) ? 0n : BigInt(digits) * factor;
  return value > MAX_U64 ? MAX_U64 : value;
}

/** A memory limit; no limit is the largest number, as in containerd. */
export function toByteLimit(text: string | undefined): bigint {
  return text === 'max' ? MAX_U64 : toU64(text);
}

/** A limit of processes; no limit is 0, as in runc and containerd. */
export function toPidLimit(text: string | undefined): bigint {
  return text === 'max' ? 0n : toU64(text);
}

/** The lines of memory.stat, whatever they are. */
export function toStatMap(stats: ReadonlyMap<string, string> | undefined): Record<string, bigint> {
  return Object.fromEntries([...(stats ?? [])].map(([name, digits]) => [name, toU64(digits)]));
}
