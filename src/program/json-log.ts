/**
 * Log lines of the programs that run once for each sandbox: one JSON object a line on standard error. A logging library
 * was measured to cost 3 MB of private memory in each of them; the node monitor has one.
 */
import { toPrintableJson } from './printable.ts';

/** From the most verbose to the least. */
export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

export type Log = Readonly<Record<LogLevel, (message: string) => void>>;

export interface JsonLogOptions {
  /** The program. */
  readonly name: string;
  /** The minimum level that is written. */
  readonly level: LogLevel;
  /** In each line, such as the sandbox. Default: none. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Default: standard error. */
  readonly write?: (line: string) => void;
}

export function createJsonLog({ name, level, fields = {}, write = writeToStderr }: JsonLogOptions): Log {
  const least = logLevels.indexOf(level);
  const at = (own: LogLevel) => (msg: string) => {
    if (logLevels.indexOf(own) >= least) {
      write(`${toPrintableJson({ level: own, time: new Date().toISOString(), name, ...fields, msg })}\n`);
    }
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function writeToStderr(line: string): void {
  process.stderr.write(line);
}
