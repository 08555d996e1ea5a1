/**
 * Parses the response of Cloud Hypervisor to `vm.counters`: an object of devices by id, each an object of counters by
 * name. The kind of a device follows from its counters, because no field contains it. Cloud Hypervisor is not trusted: a
 * guest may have taken it over.
 */

/** Counters of a network device; directions are the guest's. */
export interface NetCounters {
  readonly rx_bytes?: number;
  readonly rx_frames?: number;
  readonly tx_bytes?: number;
  readonly tx_frames?: number;
}

/** Counters of a disk, and latencies in microseconds since the device was made. */
export interface DiskCounters {
  readonly read_bytes?: number;
  readonly read_ops?: number;
  readonly write_bytes?: number;
  readonly write_ops?: number;
  readonly read_latency_min?: number;
  readonly read_latency_max?: number;
  readonly read_latency_avg?: number;
  readonly write_latency_min?: number;
  readonly write_latency_max?: number;
  readonly write_latency_avg?: number;
}

export type CounterName = keyof NetCounters | keyof DiskCounters;

/** Counters of one device. Counters that it does not have, or not yet, are absent. */
export interface DeviceCounters extends NetCounters, DiskCounters {
  /** Id from the configuration, or assigned by Cloud Hypervisor: `_disk3`, `eth0`. */
  readonly id: string;
}

/** The response is not what Cloud Hypervisor sends; the message says why. */
export class CountersError extends Error {
  override readonly name = 'CountersError';
}

/** A machine has some disks and interfaces; PCI segments allow for more than any pod has. */
export const MAX_DEVICES = 256;
/** Limit of an id, which becomes a label value. */
export const MAX_ID_CHARACTERS = 128;

const plainCounters = [
  'rx_bytes',
  'rx_frames',
  'tx_bytes',
  'tx_frames',
  'read_bytes',
  'read_ops',
  'write_bytes',
  'write_ops',
] as const satisfies readonly CounterName[];
const latencies = ['min', 'max', 'avg'] as const;

/** A larger value is 2^64-1, which means that the event of the counter has never happened. */
const MAX_VALUE = 2 ** 63;
/** The mean latency before the first request: 2^64-1 divided by 10,000. Has more digits than a double, and rounds to this one. */
const NEVER_MEAN = 1844674407370955;

/**
 * Sorted by id, because Cloud Hypervisor sends them in another order each time. Counters that are no counts are left out.
 * @throws {CountersError}
 */
export function parseCounters(text: string): DeviceCounters[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new CountersError(`response is not JSON: ${quote(text)}`);
  }
  if (!isObject(value)) {
    throw new CountersError(`response must be an object of devices, got ${quote(text)}`);
  }
  const entries = Object.entries(value);
  if (entries.length > MAX_DEVICES) {
    throw new CountersError(`response has ${entries.length} devices, the limit is ${MAX_DEVICES}`);
  }
  return entries.map(([id, counters]) => toDevice(id, counters)).sort((a, b) => (a.id < b.id ? -1 : 1));
}

function toDevice(id: string, counters: unknown): DeviceCounters {
  if (id === '' || id.length > MAX_ID_CHARACTERS || !id.isWellFormed()) {
    throw new CountersError(`id of a device must be 1 to ${MAX_ID_CHARACTERS} characters of Unicode, got ${quote(id)}`);
  }
  if (!isObject(counters)) {
    throw new CountersError(`device ${quote(id)} must be an object of counters`);
  }
  const device: Record<string, number | string> = { id };
  const add = (name: CounterName): void => {
    const value = Object.hasOwn(counters, name) ? counters[name] : undefined;
    if (isCount(value)) {
      device[name] = value;
    }
  };
  plainCounters.forEach(add);
  for (const operation of ['read', 'write'] as const) {
    // Until the first request, its latencies are no latencies.
    if (isCount(device[`${operation}_ops`]) && device[`${operation}_ops`] !== 0) {
      const names = latencies.map((statistic) => `${operation}_latency_${statistic}` as const);
      // The latency of the first request is stored before that is counted, and no earlier: then all are valid or none.
      if (names.every((name) => isCount(counters[name])) && counters[`${operation}_latency_avg`] !== NEVER_MEAN) {
        names.forEach(add);
      }
    }
  }
  return device as unknown as DeviceCounters;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < MAX_VALUE;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const MAX_QUOTED_CHARACTERS = 60;

function quote(text: string): string {
  return JSON.stringify(text.slice(0, MAX_QUOTED_CHARACTERS));
}
