/**
 * /proc/uptime: how long the machine has run. Collectors read it.
 */
import { malformed } from './procfs-error.ts';
import { ONE_PAGE_BYTES, type Procfs, readText } from './read.ts';

/** Seconds with two decimals, as digits. */
export interface Uptime {
  /** Since the machine was started, sleep included. */
  readonly uptimeSeconds: string;
  /** That its CPUs were idle, summed over all of them. */
  readonly idleSeconds: string;
}

/**
 * Reads /proc/uptime, see proc_uptime(5): seconds. Undefined when it is not there.
 * @throws {ProcfsError}
 */
export async function readUptime(procfs: Procfs): Promise<Uptime | undefined> {
  const text = await readText(procfs, ['uptime'], ONE_PAGE_BYTES);
  return text === undefined ? undefined : parseUptime(text);
}

/** @throws {ProcfsError} `malformed` */
export function parseUptime(text: string): Uptime {
  const match = /^(\d+\.\d+) (\d+\.\d+)\n?$/.exec(text);
  if (match === null) {
    throw malformed('uptime', 'two times in seconds', text);
  }
  return { uptimeSeconds: match[1]!, idleSeconds: match[2]! };
}
