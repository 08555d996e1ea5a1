/**
 * File systems of the guest, from kata_guest_filesystem_bytes.
 */
import type { SandboxFigureName } from '../catalog/index.ts';
import type { FigureMaker } from './derived-metric.ts';

const nameOfItem: Readonly<Record<string, SandboxFigureName>> = {
  total: 'kata_sandbox_filesystem_size_bytes',
  available: 'kata_sandbox_filesystem_available_bytes',
};

export const guestFilesystemFigures: FigureMaker = ({ lines }) =>
  lines.of('kata_guest_filesystem_bytes').flatMap(({ labels, line }) => {
    const name = nameOfItem[labels.get('item') ?? ''];
    const mountpoint = labels.get('mount');
    return name === undefined || mountpoint === undefined
      ? []
      : [{ name, labels: { mountpoint, device: labels.get('device') ?? '' }, compute: (read) => read(line) }];
  });
