/**
 * /proc/net/dev columns as the `item` values of the netdev families. Shared by the guest's and the host's collectors;
 * reads nothing.
 */
import type { NetDevice } from '../procfs/index.ts';

export interface NetDevSample {
  readonly labels: { readonly interface: string; readonly item: string };
  readonly value: string;
}

/** Sixteen samples for each interface, in the kernel's order. */
export function toNetDevSamples(devices: readonly NetDevice[]): NetDevSample[] {
  return devices.flatMap((device) => [
    ...Object.entries(device.receive).map(([column, value]) => toSample(device.name, `recv_${column}`, value)),
    ...Object.entries(device.transmit).map(([column, value]) => toSample(device.name, `sent_${column}`, value)),
  ]);
}

function toSample(name: string, item: string, value: string): NetDevSample {
  return { labels: { interface: name, item }, value };
}
