/**
 * The monitor's log: JSON lines on the standard error output, with the levels that Go's logrus has.
 */
import { destination, type Logger, pino, stdTimeFunctions } from 'pino';
import type { LogLevel } from '../settings/log-levels.ts';

export type Log = Logger<'panic'>;

/** Nothing logs at panic; the level is there to log nothing but that. */
const panicLevel = 70;

/** `fd` is the file it is written to, at once. */
export function createLog(level: LogLevel, fd = 2): Log {
  const options = {
    level,
    customLevels: { panic: panicLevel },
    base: { name: 'kata-monitor' },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return pino(options, destination({ fd, sync: true }));
}
