/**
 * The log levels of Go's logrus, for the flag `--log-level`, and the log formats.
 */

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'panic'] as const;

export type LogLevel = (typeof logLevels)[number];

/** `text` is the format of logrus, which is also valid logfmt. */
export const logFormats = ['text', 'json'] as const;

export type LogFormat = (typeof logFormats)[number];
