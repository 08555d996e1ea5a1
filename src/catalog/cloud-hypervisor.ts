/**
 * Counters of Cloud Hypervisor for the disks and network interfaces of its machine. They are counted outside of the
 * guest, which cannot change them. The monitor reads them, and no sandbox can send families with these names.
 */
import type { FamilyDefinition } from './definition.ts';

const ofDevice = { sandbox_id: [], cri_uid: [], cri_name: [], cri_namespace: [], device: [] } as const;

const SINCE = 'since the device was made: a reboot of the guest and a hotplug begin at 0 again';
const source = (field: string): string => `vm.counters of the API of Cloud Hypervisor: ${field}`;

function bytes<const H extends string>(help: H, value: string, field: string) {
  return {
    component: 'sandbox',
    type: 'counter',
    unit: 'bytes',
    help,
    labels: ofDevice,
    value: `${value} ${SINCE}`,
    source: source(field),
    isContract: false,
  } as const;
}

function count<const H extends string>(help: H, value: string, field: string) {
  return {
    component: 'sandbox',
    type: 'counter',
    help,
    labels: ofDevice,
    value: `${value} ${SINCE}`,
    source: source(field),
    isContract: false,
  } as const;
}

function latency<const H extends string>(help: H, field: string) {
  return {
    component: 'sandbox',
    type: 'gauge',
    unit: 'seconds',
    help,
    labels: { ...ofDevice, statistic: ['max', 'mean', 'min'] },
    value: `seconds over all requests ${SINCE}; absent until the first request. For the mean of an interval, weigh with the number of requests`,
    source: source(field),
    isContract: false,
  } as const;
}

const FRAMES = 'a count; a frame of the guest can be larger than a packet of the network,';
const REQUESTS = 'a count of successful requests';

export const cloudHypervisorFamilies = {
  kata_sandbox_hypervisor_network_receive_bytes_total: bytes(
    'Bytes that Cloud Hypervisor passed to a network interface of the guest.',
    'bytes',
    'rx_bytes',
  ),
  kata_sandbox_hypervisor_network_receive_frames_total: count(
    'Frames that Cloud Hypervisor passed to a network interface of the guest.',
    FRAMES,
    'rx_frames',
  ),
  kata_sandbox_hypervisor_network_transmit_bytes_total: bytes(
    'Bytes that Cloud Hypervisor sent for a network interface of the guest.',
    'bytes, without dropped frames,',
    'tx_bytes',
  ),
  kata_sandbox_hypervisor_network_transmit_frames_total: count(
    'Frames that Cloud Hypervisor sent for a network interface of the guest.',
    FRAMES,
    'tx_frames',
  ),
  kata_sandbox_hypervisor_disk_read_bytes_total: bytes(
    'Bytes that Cloud Hypervisor read for a disk of the guest.',
    'bytes of successful requests',
    'read_bytes',
  ),
  kata_sandbox_hypervisor_disk_reads_total: count(
    'Reads that Cloud Hypervisor completed for a disk of the guest.',
    REQUESTS,
    'read_ops',
  ),
  kata_sandbox_hypervisor_disk_written_bytes_total: bytes(
    'Bytes that Cloud Hypervisor wrote for a disk of the guest.',
    'bytes of successful requests',
    'write_bytes',
  ),
  kata_sandbox_hypervisor_disk_writes_total: count(
    'Writes that Cloud Hypervisor completed for a disk of the guest.',
    REQUESTS,
    'write_ops',
  ),
  kata_sandbox_hypervisor_disk_read_latency_seconds: latency(
    'Least, greatest and mean latency of the reads of a disk of the guest.',
    'read_latency_min, read_latency_max, read_latency_avg',
  ),
  kata_sandbox_hypervisor_disk_write_latency_seconds: latency(
    'Least, greatest and mean latency of the writes of a disk of the guest.',
    'write_latency_min, write_latency_max, write_latency_avg',
  ),
} as const satisfies Readonly<Record<string, FamilyDefinition>>;
