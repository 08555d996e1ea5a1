/**
 * File systems of the guest, from kata_guest_filesystem_bytes.
 */
import type { Figure, FigureMaker } from './derived-metric.ts';

const FAMILY = 'kata_guest_filesystem_bytes';

export const guestFilesystemFigures: FigureMaker = ({ lines }) => {
  const sizes: Figure[] = [];
  /** By mount and device: one sample each, whichever of the two items there is. */
  const available = new Map<string, { readonly figure: Figure; readonly isUnprivileged: boolean }>();
  for (const { labels, line } of lines.of(FAMILY)) {
    const mountpoint = labels.get('mount');
    const item = labels.get('item');
    if (mountpoint === undefined) {
      continue;
    }
    const own = { mountpoint, device: labels.get('device') ?? '' };
    if (item === 'total') {
      sizes.push({ name: 'kata_sandbox_filesystem_size_bytes', labels: own, compute: (read) => read(line) });
    }
    // The Rust agent has only `available`, with the blocks that are reserved for root; ours has both.
    const isUnprivileged = item === 'available_unprivileged';
    const key = JSON.stringify([mountpoint, own.device]);
    if (isUnprivileged || (item === 'available' && available.get(key)?.isUnprivileged !== true)) {
      const name = 'kata_sandbox_filesystem_available_bytes';
      available.set(key, { figure: { name, labels: own, compute: (read) => read(line) }, isUnprivileged });
    }
  }
  return [...sizes, ...Array.from(available.values(), ({ figure }) => figure)];
};
