/**
 * Divides the file descriptors of the monitor between clients and shims: without descriptors, it could not accept clients, and
 * would report healthy sandboxes as failed. Node.js has raised the soft limit to the hard limit at its start.
 */
import { readdirSync } from 'node:fs';
import { createProcfs, readProcessLimits } from '../procfs/index.ts';

export interface DescriptorPlan {
  /** Limit of client connections per address. */
  readonly clientConnections: number;
  /** Limit of connections to shims, including idle ones. */
  readonly shimConnections: number;
}

/** Prometheus has one or two connections. Clients that send no request occupy theirs until a timeout. */
const MAX_CLIENT_CONNECTIONS = 1000;
const MIN_CLIENT_CONNECTIONS = 4;
const MIN_SHIM_CONNECTIONS = 2;
/** Reserved for files, the container manager, and descriptors that Node.js opens later. */
const MIN_RESERVE = 8;

/** `limit`: the soft limit. `openCount`: descriptors open before any client or shim is connected. */
export function planDescriptors(limit: number, openCount: number, addressCount: number): DescriptorPlan {
  const spare = Math.max(0, limit - openCount - MIN_RESERVE);
  const forClients = Math.floor(spare / 4 / Math.max(1, addressCount));
  const clientConnections = Math.min(MAX_CLIENT_CONNECTIONS, Math.max(MIN_CLIENT_CONNECTIONS, forClients));
  const forShims = spare - clientConnections * addressCount;
  return { clientConnections, shimConnections: Math.max(MIN_SHIM_CONNECTIONS, forShims) };
}

/** The plan for the current state of this process; assumes no limit when /proc does not report it. */
export async function planOwnDescriptors(addressCount: number): Promise<DescriptorPlan> {
  const limits = await readProcessLimits(createProcfs(), 'self');
  const limit = Number(limits?.maxOpenFiles ?? Number.NaN);
  return planDescriptors(Number.isFinite(limit) ? limit : 2 ** 31, countOpen(), addressCount);
}

function countOpen(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 32; // what Node.js itself has open, rounded up
  }
}
