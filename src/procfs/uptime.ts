/**
 * /proc/uptime: the time since boot. Collectors read it.
 */
import { toWords } from './columns.ts';
import { ONE_PAGE_BYTES, type Procfs, readParsed } from './read.ts';
import { ignoreSkipped, type OnSkipped } from './skipped.ts';

/** Seconds with two decimals, as digits. */
export interface Uptime {
  /** Since the machine was started, sleep included. */
  readonly uptimeSeconds: string;
  /** Seconds in which the CPUs were idle, summed over all of them; undefined if it has wrapped below zero. */
  readonly idleSeconds: string | undefined;
}

/** Seconds of 30,000 years; more has wrapped below zero. */
const SECONDS = /^\d{1,12}\.\d{1,9}$/;

/** Reads /proc/uptime, see proc_uptime(5): seconds. Undefined when it is not there, or cannot be read. */
export function readUptime(procfs: Procfs): Uptime | undefined {
  return readParsed(procfs, ['uptime'], ONE_PAGE_BYTES, parseUptime);
}

/** Undefined when the line does not begin with a time; what follows the second one is passed over. */
export function parseUptime(text: string, onSkipped: OnSkipped = ignoreSkipped): Uptime | undefined {
  const [line = ''] = text.split('\n', 1);
  const [uptimeSeconds = '', idle = ''] = toWords(line);
  const idleSeconds = SECONDS.test(idle) ? idle : undefined;
  const isRead = SECONDS.test(uptimeSeconds);
  if (!isRead || idleSeconds === undefined) {
    onSkipped(line, 'two times in seconds');
  }
  return isRead ? { uptimeSeconds, idleSeconds } : undefined;
}
