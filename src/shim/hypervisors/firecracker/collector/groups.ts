/**
 * How Firecracker's groups and fields are named and counted. Firecracker writes most values as the change since its last
 * line and some as the current value; the format does not tell them apart, so this file does. Pure.
 */

/** `delta`: the change since the last line, to be added up. `absolute`: the value now. */
export type Counting = 'absolute' | 'delta';

/** Fields that Firecracker writes as the current value, by group; see also ABSOLUTE_SUFFIX. */
const ABSOLUTE_FIELDS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['seccomp', new Set(['num_faults'])],
  ['signals', new Set(['sigbus', 'sigsegv', 'sigxfsz', 'sigxcpu', 'sighup', 'sigill'])],
  ['vmm', new Set(['panic_count'])],
]);

/** Lengths of time of one event, such as `process_startup_time_us`; only sums of many are deltas. */
const ABSOLUTE_SUFFIX = /_[mu]s$/;
/** Durations that have no unit in their names but in their group's. */
const ABSOLUTE_GROUP = 'latencies_us';

/** How a number directly in a group counts; an unknown field is treated as a delta, as most are. */
export function countingOfField(group: string, field: string): Counting {
  const isAbsolute =
    group === ABSOLUTE_GROUP || ABSOLUTE_FIELDS.get(group)?.has(field) === true || ABSOLUTE_SUFFIX.test(field);
  return isAbsolute ? 'absolute' : 'delta';
}

/** How a number of an aggregate, such as `min_us` of `read_agg`, counts. */
export function countingOfPart(part: string): Counting {
  return part.startsWith('sum_') || !ABSOLUTE_SUFFIX.test(part) ? 'delta' : 'absolute';
}

/** Groups that have one more object for each device, keyed `<group>_<device>`. */
const DEVICE_GROUPS = ['vhost_user', 'block', 'pmem', 'net'] as const;

/** Whether a group is what Firecracker adds up over devices. */
export function isTotalOfDevices(group: string, device: string | undefined): boolean {
  return device === undefined && DEVICE_GROUPS.some((each) => each === group);
}

export interface GroupName {
  readonly group: string;
  /** Undefined for a total, and for a group without devices. */
  readonly device: string | undefined;
}

/** `net_eth0` is device `eth0` of group `net`; `vhost_user_block_rootfs` is device `block_rootfs` of `vhost_user`. */
export function splitGroupName(key: string): GroupName {
  const group = DEVICE_GROUPS.find((each) => key.startsWith(`${each}_`) && key.length > each.length + 1);
  return group === undefined ? { group: key, device: undefined } : { group, device: key.slice(group.length + 1) };
}
