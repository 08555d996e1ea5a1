/**
 * Memory and CPU time that somebody uses, as both sides of the pod overhead are measured. Pure.
 */

export interface Use {
  /** Now; undefined where it could not be read. */
  readonly memoryBytes: number | undefined;
  /**
   * CPU time by counter, each since a start of its own: a figure is only taken between two readings of the same
   * counters. Undefined where one could not be read: a sum without it would lie.
   */
  readonly cpuMs: ReadonlyMap<string, number> | undefined;
}

export const NO_USE: Use = { memoryBytes: undefined, cpuMs: undefined };

/** All together; what one of them does not know, the sum does not know. */
export function addUses(uses: readonly Use[]): Use {
  const memory = uses.map(({ memoryBytes }) => memoryBytes);
  const cpu = uses.map(({ cpuMs }) => cpuMs);
  return {
    memoryBytes: memory.every((bytes) => bytes !== undefined)
      ? memory.reduce((sum, bytes) => sum + bytes, 0)
      : undefined,
    cpuMs: cpu.every((counters) => counters !== undefined)
      ? new Map(cpu.flatMap((counters) => [...counters]))
      : undefined,
  };
}
