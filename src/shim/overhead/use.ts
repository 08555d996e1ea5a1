/**
 * Usage of memory and CPU time, the unit of both sides of the pod overhead. Pure.
 */

export interface Use {
  /** Now; undefined where it could not be read. */
  readonly memoryBytes: number | undefined;
  /**
   * CPU time by counter, each with its own start: usage is calculated only between two readings of the same counters.
   * Undefined where one could not be read: a sum without it would be wrong.
   */
  readonly cpuMs: ReadonlyMap<string, number> | undefined;
}

export const NO_USE: Use = { memoryBytes: undefined, cpuMs: undefined };

/** The sum; a value that is unknown for one of them is unknown for the sum. */
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
