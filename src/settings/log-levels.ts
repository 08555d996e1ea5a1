/**
 * The log levels of Go's logrus, which the flag `--log-level` takes, and the forms of a line.
 */

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'panic'] as const;

export type LogLevel = (typeof logLevels)[number];

/** `text` is the form of logrus, which is read as logfmt too. */
export const logFormats = ['text', 'json'] as const;

export type LogFormat = (typeof logFormats)[number];
