/**
 * The log of the monitor on standard error, with the levels and by default the text format of the Go monitor, so that
 * existing log pipelines can parse it.
 */
import { createLevelledLog, type LogOf, toPrintableJson, writeLine } from '../../program/index.ts';
import { type LogFormat, type LogLevel, logLevels } from '../../settings/log-levels.ts';
import { formatLogText } from './log-text.ts';

export type Log = LogOf<LogLevel>;

export interface LogSettings {
  /** No message has the level panic; the level exists to disable logging. */
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** The file descriptor, which is written synchronously. Default: standard error. */
  readonly descriptor?: number;
  /** Name of the program. Default: kata-monitor. */
  readonly name?: string;
}

export function createLog({ level, format, descriptor = 2, name = 'kata-monitor' }: LogSettings): Log {
  return createLevelledLog({
    levels: logLevels,
    level,
    write: ({ level: own, fields, msg }) => {
      const time = new Date().toISOString();
      const line =
        format === 'json'
          ? `${toPrintableJson({ level: own, time, name, ...fields, msg })}\n`
          : // As in the lines of the Go monitor.
            formatLogText({ name, pid: process.pid, ...fields, time, level: own, msg });
      writeLine(descriptor, line);
    },
  });
}
