/**
 * File systems of the guest, from kata_guest_filesystem_bytes.
 */
import type { DerivedMetric, DeriveMetrics } from './derived-metric.ts';

const FAMILY = 'kata_guest_filesystem_bytes';

export const deriveGuestFilesystems: DeriveMetrics = ({ lines }) => {
  const sizes: DerivedMetric[] = [];
  /** By mount point and device: one sample for each, from either of the two items. */
  const available = new Map<string, { readonly metric: DerivedMetric; readonly isUnprivileged: boolean }>();
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
    // The Rust agent exports only `available`, which includes the blocks reserved for root; ours exports both.
    const isUnprivileged = item === 'available_unprivileged';
    const key = JSON.stringify([mountpoint, own.device]);
    if (isUnprivileged || (item === 'available' && available.get(key)?.isUnprivileged !== true)) {
      const name = 'kata_sandbox_filesystem_available_bytes';
      available.set(key, { metric: { name, labels: own, compute: (read) => read(line) }, isUnprivileged });
    }
  }
  return [...sizes, ...Array.from(available.values(), ({ metric }) => metric)];
};
