/**
 * A log of which a guest, or a hypervisor that it has taken over, cannot fill the disk: by connecting again and again, or by
 * changing how it fails. The first messages are written, and then one per interval, with the number of those that were left out.
 */
import { type Log, type LogLevel, RateLimit } from '../program/index.ts';

/** A life has ten messages; these are several in a row. */
const BURST = 50;
/** Time for one more message. */
const REFILL_MS = 60_000;

/** Messages for debugging are all written. `now`: milliseconds that only go up. Default: `performance.now`. */
export function limitLog(log: Log, now: () => number = () => performance.now()): Log {
  const rate = new RateLimit({ intervalMs: REFILL_MS, burst: BURST }, now);
  let omitted = 0;
  const limit =
    (level: Exclude<LogLevel, 'debug'>) =>
    (message: string): void => {
      if (!rate.take()) {
        omitted++;
        return;
      }
      const rest = omitted === 0 ? '' : ` (left out before: ${omitted})`;
      omitted = 0;
      log[level](`${message}${rest}`);
    };
  return { debug: log.debug, info: limit('info'), warn: limit('warn'), error: limit('error') };
}
