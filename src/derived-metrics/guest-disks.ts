/**
 * Disks of the guest, from kata_guest_diskstat. A sector is 512 bytes there, whatever the disk has; see the kernel's
 * Documentation/admin-guide/iostats.rst.
 */
import type { SandboxFigureName } from '../catalog/index.ts';
import type { FigureMaker } from './derived-metric.ts';

const SECTOR_BYTES = 512;

/** Memory, and files of other disks: what these move is no load of a disk, or is counted there. */
const notDisk = /^(?:loop|z?ram|fd)\d+$/;

const figureOfItem: Readonly<Record<string, { readonly name: SandboxFigureName; readonly factor: number }>> = {
  sectors_read: { name: 'kata_sandbox_disk_read_bytes_total', factor: SECTOR_BYTES },
  sectors_written: { name: 'kata_sandbox_disk_written_bytes_total', factor: SECTOR_BYTES },
  reads: { name: 'kata_sandbox_disk_reads_total', factor: 1 },
  writes: { name: 'kata_sandbox_disk_writes_total', factor: 1 },
};

export const guestDiskFigures: FigureMaker = ({ lines }) =>
  lines.of('kata_guest_diskstat').flatMap(({ labels, line }) => {
    const figure = figureOfItem[labels.get('item') ?? ''];
    const device = labels.get('disk');
    return figure === undefined || device === undefined || notDisk.test(device)
      ? []
      : [{ name: figure.name, labels: { device }, compute: (read) => read(line) * figure.factor }];
  });
