/**
 * The logs of all programs: levels, fields, and one line for each message on standard error. A program that runs once for each
 * sandbox writes JSON; the monitor also writes text (`monitor/answer/log.ts`). A logging library was measured to cost 3 MB of
 * private memory in each process.
 */
import { writeSync } from 'node:fs';
import { toPrintableJson } from './printable.ts';

/** From the most verbose to the least. */
export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

export type LogFields = Readonly<object>;

/** Writes a message, with fields or without. A field that is undefined is left out, and an error is written with its stack. */
export interface LogFunction {
  (message: string): void;
  (fields: LogFields, message: string): void;
}

export type LogOf<L extends string> = Readonly<Record<L, LogFunction>>;
/** The log of the programs whose messages have no fields of their own. */
export type Log = Readonly<Record<LogLevel, (message: string) => void>>;

export interface LevelledLogOptions<L extends string> {
  /** From the most verbose to the least. */
  readonly levels: readonly L[];
  /** The minimum level that is written. */
  readonly level: L;
  /** Formats and writes one message. */
  readonly write: (entry: { readonly level: L; readonly fields: LogFields; readonly msg: string }) => void;
}

export function createLevelledLog<L extends string>({ levels, level, write }: LevelledLogOptions<L>): LogOf<L> {
  const least = levels.indexOf(level);
  const functions = levels.map((own, index): [L, LogFunction] => {
    const log = (first: LogFields | string, message = ''): void =>
      typeof first === 'string'
        ? write({ level: own, fields: {}, msg: first })
        : write({ level: own, fields: toPlain(first), msg: message });
    return [own, index < least ? () => undefined : log];
  });
  return Object.fromEntries(functions) as LogOf<L>;
}

function toPlain(fields: LogFields): LogFields {
  const known = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    known.map(([name, value]) => [name, value instanceof Error ? describeError(value) : value]),
  );
}

/** Returns the error as an object with its properties, such as the code and the system call. */
function describeError(error: Error): LogFields {
  const { message, stack } = error;
  return { ...error, type: error.constructor.name, message, stack };
}

export interface JsonLogOptions {
  /** The program. */
  readonly name: string;
  /** The minimum level that is written. */
  readonly level: LogLevel;
  /** Properties of each line, such as the sandbox. Default: none. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Default: standard error. */
  readonly write?: (line: string) => void;
}

export function createJsonLog({ name, level, fields = {}, write = writeToStderr }: JsonLogOptions): LogOf<LogLevel> {
  return createLevelledLog({
    levels: logLevels,
    level,
    write: (entry) => {
      const time = new Date().toISOString();
      write(`${toPrintableJson({ level: entry.level, time, name, ...fields, ...entry.fields, msg: entry.msg })}\n`);
    },
  });
}

function writeToStderr(line: string): void {
  process.stderr.write(line);
}

/** The longest that a line waits for the reader of a pipe, before it is lost. */
const MAX_WAITS = 20;
const WAIT_MS = 50;

/**
 * Writes a line to a file descriptor at once, so that it is there even if the process ends now. A line that cannot be written, as
 * on a full disk, is lost, but does not stop the program.
 */
export function writeLine(descriptor: number, line: string): void {
  let rest = Buffer.from(line);
  for (let waits = 0; rest.length > 0 && waits <= MAX_WAITS; ) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') {
        return;
      }
      waits++;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAIT_MS);
    }
  }
}
