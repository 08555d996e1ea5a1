/**
 * The monitor's log on the standard error output, in the levels and by default in the text form that the Go monitor's log
 * has, so that the pipelines that parse that one parse this one.
 */
import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from 'pino';
import type { LogFormat, LogLevel } from '../../settings/log-levels.ts';
import { formatLogText } from './log-text.ts';

export type Log = Logger<'panic'>;

export interface LogSettings {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** The file descriptor that it is written to, at once. Default: standard error. */
  readonly descriptor?: number;
}

/** Nothing logs at panic; the level is there to log nothing but that. */
const panicLevel = 70;

export function createLog({ level, format, descriptor = 2 }: LogSettings): Log {
  const options = {
    level,
    customLevels: { panic: panicLevel },
    // The Go monitor's lines have both.
    base: { name: 'kata-monitor', ...(format === 'text' && { pid: process.pid }) },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const output = destination({ fd: descriptor, sync: true });
  // A line that cannot be written, as on a full disk, is lost; it is no reason to end.
  output.on('error', () => undefined);
  return pino(options, format === 'json' ? output : textStream(output));
}

function textStream(output: DestinationStream): DestinationStream {
  return { write: (line) => output.write(formatLogText(JSON.parse(line))) };
}
