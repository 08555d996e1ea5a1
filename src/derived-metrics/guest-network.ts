/**
 * Network of the guest, from kata_guest_netdev_stat. Excludes the loopback interface.
 */
import type { DerivedMetricName } from '../catalog/index.ts';
import type { DeriveMetrics } from './derived-metric.ts';

const LOOPBACK = 'lo';

const nameOfItem: Readonly<Record<string, DerivedMetricName>> = {
  recv_bytes: 'kata_sandbox_network_receive_bytes_total',
  recv_packets: 'kata_sandbox_network_receive_packets_total',
  recv_errs: 'kata_sandbox_network_receive_errors_total',
  recv_drop: 'kata_sandbox_network_receive_dropped_total',
  sent_bytes: 'kata_sandbox_network_transmit_bytes_total',
  sent_packets: 'kata_sandbox_network_transmit_packets_total',
  sent_errs: 'kata_sandbox_network_transmit_errors_total',
  sent_drop: 'kata_sandbox_network_transmit_dropped_total',
};

export const deriveGuestNetwork: DeriveMetrics = ({ lines }) =>
  lines.of('kata_guest_netdev_stat').flatMap(({ labels, line }) => {
    const name = nameOfItem[labels.get('item') ?? ''];
    const device = labels.get('interface');
    return name === undefined || device === undefined || device === LOOPBACK
      ? []
      : [{ name, labels: { interface: device }, compute: (read) => read(line) }];
  });
