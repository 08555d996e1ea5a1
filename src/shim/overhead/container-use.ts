/**
 * Memory and CPU time of the containers in the guest, from the agent's response for each. The guest is
 * not trusted: its values are only numbers here, and nothing else depends on them.
 */
import type { StatsResult } from '../agent/agent-result.ts';
import { addUses, NO_USE, type Use } from './use.ts';

const NS_PER_MS = 1e6;
/** Use of a container that has ended, or has not begun. */
const NOTHING: Use = { memoryBytes: 0, cpuMs: new Map() };

/** Unknown as soon as one of the containers is; one that the agent does not have uses nothing. */
export function toContainersUse(results: ReadonlyMap<string, StatsResult>): Use {
  return addUses([...results].map(([id, result]) => toContainerUse(id, result)));
}

function toContainerUse(id: string, result: StatsResult): Use {
  if (result.kind === 'failed' && result.reason === 'not_found') {
    return NOTHING;
  }
  const stats = result.kind === 'ok' ? result.stats.cgroupStats : undefined;
  const cpuNs = stats?.cpuStats?.cpuUsage?.totalUsage;
  const memoryBytes = stats?.memoryStats?.usage?.usage;
  return {
    ...NO_USE,
    ...(memoryBytes !== undefined && { memoryBytes: Number(memoryBytes) }),
    ...(cpuNs !== undefined && { cpuMs: new Map([[`container ${id}`, Number(cpuNs) / NS_PER_MS]]) }),
  };
}
