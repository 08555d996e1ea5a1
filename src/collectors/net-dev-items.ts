/**
 * /proc/net/dev columns as the `item` values of the netdev families. Shared by the guest's and the host's collectors;
 * reads nothing.
 */
import type { NetDevice, ReceiveColumn, TransmitColumn } from '../procfs/index.ts';
import { LabelsWithItem } from './label-sets.ts';

export interface NetDevSample {
  readonly labels: { readonly interface: string; readonly item: string };
  readonly value: string;
}

const interfaceLabels = new LabelsWithItem('interface');

/** Names of items by those of columns. */
const received: Readonly<Record<ReceiveColumn, string>> = {
  bytes: 'recv_bytes',
  packets: 'recv_packets',
  errs: 'recv_errs',
  drop: 'recv_drop',
  fifo: 'recv_fifo',
  frame: 'recv_frame',
  compressed: 'recv_compressed',
  multicast: 'recv_multicast',
};
const sent: Readonly<Record<TransmitColumn, string>> = {
  bytes: 'sent_bytes',
  packets: 'sent_packets',
  errs: 'sent_errs',
  drop: 'sent_drop',
  fifo: 'sent_fifo',
  colls: 'sent_colls',
  carrier: 'sent_carrier',
  compressed: 'sent_compressed',
};

const samplesOf = new WeakMap<NetDevice, readonly NetDevSample[]>();

/** Sixteen samples for each interface, in the kernel's order. */
export function toNetDevSamples(devices: readonly NetDevice[]): NetDevSample[] {
  return devices.flatMap((device) => {
    // A device is the same object as long as its counters are the same.
    let samples = samplesOf.get(device);
    if (samples === undefined) {
      samples = toSamples(device);
      samplesOf.set(device, samples);
    }
    return samples;
  });
}

function toSamples({ name, receive, transmit }: NetDevice): NetDevSample[] {
  const samples: NetDevSample[] = [];
  for (const column in receive) {
    const value = receive[column as ReceiveColumn]!;
    samples.push({ labels: interfaceLabels.of(name, received[column as ReceiveColumn]), value });
  }
  for (const column in transmit) {
    const value = transmit[column as TransmitColumn]!;
    samples.push({ labels: interfaceLabels.of(name, sent[column as TransmitColumn]), value });
  }
  return samples;
}
