/**
 * Disks of the guest, from kata_guest_diskstat. Its sectors have 512 bytes, whatever the sector size of the disk; see the kernel's
 * Documentation/admin-guide/iostats.rst.
 */
import type { DerivedMetricName } from '../catalog/index.ts';
import type { DeriveMetrics } from './derived-metric.ts';

const SECTOR_BYTES = 512;

/** Devices in memory, and loop devices, whose I/O is counted for the disk below them. */
const notDisk = /^(?:loop|z?ram|fd)\d+$/;

const metricOfItem: Readonly<Record<string, { readonly name: DerivedMetricName; readonly factor: number }>> = {
  sectors_read: { name: 'kata_sandbox_disk_read_bytes_total', factor: SECTOR_BYTES },
  sectors_written: { name: 'kata_sandbox_disk_written_bytes_total', factor: SECTOR_BYTES },
  reads: { name: 'kata_sandbox_disk_reads_total', factor: 1 },
  writes: { name: 'kata_sandbox_disk_writes_total', factor: 1 },
};

export const deriveGuestDisks: DeriveMetrics = ({ lines }) =>
  lines.of('kata_guest_diskstat').flatMap(({ labels, line }) => {
    const metric = metricOfItem[labels.get('item') ?? ''];
    const device = labels.get('disk');
    return metric === undefined || device === undefined || notDisk.test(device)
      ? []
      : [{ name: metric.name, labels: { device }, compute: (read) => read(line) * metric.factor }];
  });
