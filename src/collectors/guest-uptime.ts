/**
 * kata_guest_uptime_seconds, from /proc/uptime.
 */
import { readUptime } from '../procfs/index.ts';
import { type CatalogFamily, singleFamily } from './family.ts';
import type { GuestContext } from './guest-context.ts';

export function collectGuestUptime({ procfs }: GuestContext): CatalogFamily[] {
  const uptime = readUptime(procfs);
  return uptime === undefined ? [] : [singleFamily('kata_guest_uptime_seconds', uptime.uptimeSeconds)];
}
