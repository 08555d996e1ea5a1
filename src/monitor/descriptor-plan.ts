/**
 * How the monitor divides its file descriptors between clients and shims, where it has few: with none left, it could accept
 * no client, and would report sandboxes as failed that are well. Node.js has raised the soft limit to the hard one at start.
 */
import { readdirSync } from 'node:fs';
import { createProcfs, readProcessLimits } from '../procfs/index.ts';

export interface DescriptorPlan {
  /** Connections of clients, for each address. */
  readonly clientConnections: number;
  /** Connections to shims, idle ones too. */
  readonly shimConnections: number;
}

/** Prometheus has one or two; clients that send no request are closed after a while, but not before. */
const maxClientConnections = 1000;
const minClientConnections = 4;
const minShimConnections = 2;
/** For files that are read, the container manager, and what Node.js opens later. */
const minReserve = 8;

/** `limit` is the soft limit, `openCount` what is open before any client or shim is connected. */
export function planDescriptors(limit: number, openCount: number, addressCount: number): DescriptorPlan {
  const spare = Math.max(0, limit - openCount - minReserve);
  const forClients = Math.floor(spare / 4 / Math.max(1, addressCount));
  const clientConnections = Math.min(maxClientConnections, Math.max(minClientConnections, forClients));
  const forShims = spare - clientConnections * addressCount;
  return { clientConnections, shimConnections: Math.max(minShimConnections, forShims) };
}

/** For this process, as it is now; as if there were no limit where /proc does not say. */
export async function planOwnDescriptors(addressCount: number): Promise<DescriptorPlan> {
  const limits = await readProcessLimits(createProcfs(), 'self');
  const limit = Number(limits?.maxOpenFiles ?? Number.NaN);
  return planDescriptors(Number.isFinite(limit) ? limit : 2 ** 31, countOpen(), addressCount);
}

function countOpen(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 32; // what Node.js has open by itself, rounded up
  }
}
