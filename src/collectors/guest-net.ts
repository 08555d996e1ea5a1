/**
 * kata_guest_netdev_stat, from /proc/net/dev.
 */
import { readNetDev } from '../procfs/index.ts';
import { type CatalogFamily, family } from './family.ts';
import type { GuestContext } from './guest-context.ts';
import { toNetDevSamples } from './net-dev-items.ts';

export function collectGuestNet({ procfs }: GuestContext): CatalogFamily[] {
  const samples = toNetDevSamples(readNetDev(procfs) ?? []);
  return samples.length === 0 ? [] : [family('kata_guest_netdev_stat', samples)];
}
