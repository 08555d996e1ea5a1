/**
 * The counters of Cloud Hypervisor as families, for all sandboxes together.
 */
import { type CatalogFamily, type CatalogSample, family } from '../collectors/index.ts';
import type { CounterName, DeviceCounters } from './parse-counters.ts';

/** The devices of a sandbox, and the labels of that. */
export interface SandboxDevices<L> {
  readonly labels: L;
  readonly devices: readonly DeviceCounters[];
}

const counters = {
  rx_bytes: 'kata_sandbox_hypervisor_network_receive_bytes_total',
  rx_frames: 'kata_sandbox_hypervisor_network_receive_frames_total',
  tx_bytes: 'kata_sandbox_hypervisor_network_transmit_bytes_total',
  tx_frames: 'kata_sandbox_hypervisor_network_transmit_frames_total',
  read_bytes: 'kata_sandbox_hypervisor_disk_read_bytes_total',
  read_ops: 'kata_sandbox_hypervisor_disk_reads_total',
  write_bytes: 'kata_sandbox_hypervisor_disk_written_bytes_total',
  write_ops: 'kata_sandbox_hypervisor_disk_writes_total',
} as const satisfies { readonly [N in CounterName]?: string };

const latencies = [
  { operation: 'read', name: 'kata_sandbox_hypervisor_disk_read_latency_seconds' },
  { operation: 'write', name: 'kata_sandbox_hypervisor_disk_write_latency_seconds' },
] as const;

/** `avg` of Cloud Hypervisor is the mean over all requests since the device was made. */
const statistics = { min: 'min', avg: 'mean', max: 'max' } as const;

const US_PER_SECOND = 1e6;

type SandboxLabels = Omit<CatalogSample<'kata_sandbox_hypervisor_disk_reads_total'>['labels'], 'device'>;

/** Families without samples are absent. */
export function toHypervisorFamilies(sandboxes: readonly SandboxDevices<SandboxLabels>[]): CatalogFamily[] {
  const devices = sandboxes.flatMap(({ labels, devices: ofSandbox }) =>
    ofSandbox.map((device) => ({ device, labels: { ...labels, device: device.id } })),
  );
  if (devices.length === 0) {
    return [];
  }
  const families = Object.entries(counters).map(([counter, name]) =>
    family(
      name,
      devices.flatMap(({ device, labels }) => {
        const value = device[counter as keyof typeof counters];
        return value === undefined ? [] : [{ labels, value }];
      }),
    ),
  );
  for (const { operation, name } of latencies) {
    families.push(
      family(
        name,
        devices.flatMap(({ device, labels }) =>
          (['min', 'avg', 'max'] as const).flatMap((each) => {
            const us = device[`${operation}_latency_${each}`];
            return us === undefined
              ? []
              : [{ labels: { ...labels, statistic: statistics[each] }, value: us / US_PER_SECOND }];
          }),
        ),
      ),
    );
  }
  return families.filter(({ samples }) => samples.length > 0);
}
