/**
 * The log of the monitor on standard error, with the levels and by default the text format of the Go monitor, so that
 * existing log pipelines can parse it.
 */
import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from 'pino';
import type { LogFormat, LogLevel } from '../../settings/log-levels.ts';
import { formatLogText } from './log-text.ts';

export type Log = Logger<'panic'>;

export interface LogSettings {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** The file descriptor, which is written synchronously. Default: standard error. */
  readonly descriptor?: number;
}

/** No message has the level panic; the level exists to disable logging. */
const PANIC_LEVEL = 70;

export function createLog({ level, format, descriptor = 2 }: LogSettings): Log {
  const options = {
    level,
    customLevels: { panic: PANIC_LEVEL },
    // As in the lines of the Go monitor.
    base: { name: 'kata-monitor', ...(format === 'text' && { pid: process.pid }) },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const output = destination({ fd: descriptor, sync: true });
  // A line that cannot be written, as on a full disk, is lost, but does not stop the monitor.
  output.on('error', () => undefined);
  return pino(options, format === 'json' ? output : textStream(output));
}

function textStream(output: DestinationStream): DestinationStream {
  return { write: (line) => output.write(formatLogText(JSON.parse(line))) };
}
