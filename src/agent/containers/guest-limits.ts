/**
 * Limits of containers that keep the guest usable for the kernel, the agent and crun: all containers together get a part
 * of the memory, and each one a number of processes if its specification has no limit. A container that takes all memory,
 * or starts processes without end, is then stopped by its own limit. Without one, the guest would run out of memory, and
 * the kernel could kill the crun that is to stop that container.
 */
import { parseMeminfo } from '../../procfs/index.ts';

export interface GuestLimits {
  /** Limit of all containers together. */
  readonly memoryBytes: number;
  /** Limit of processes, including threads, of a container without its own limit. */
  readonly processes: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;
/** The agent grows by some MiB under load, and each run of crun takes 3 MiB for a moment. */
const RESERVED_BYTES = 48 * MIB;
const MIN_MEMORY_BYTES = 32 * MIB;
/** A shell of busybox takes 150 KiB with its page tables: those of one container then leave most of the memory to others. */
const BYTES_PER_PROCESS = 512 * KIB;
const MIN_PROCESSES = 128;

/** `meminfo`: text of /proc/meminfo, before the first container. Undefined when it has no MemAvailable. */
export function toGuestLimits(meminfo: string): GuestLimits | undefined {
  const available = parseMeminfo(meminfo).find(({ name }) => name === 'MemAvailable');
  if (available === undefined) {
    return undefined;
  }
  const memoryBytes = Math.max(Number(available.value) * KIB - RESERVED_BYTES, MIN_MEMORY_BYTES);
  return { memoryBytes, processes: Math.max(Math.floor(memoryBytes / BYTES_PER_PROCESS), MIN_PROCESSES) };
}
