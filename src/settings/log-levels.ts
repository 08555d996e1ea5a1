/**
 * The log levels of Go's logrus, which the flag `--log-level` takes.
 */

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'panic'] as const;

export type LogLevel = (typeof logLevels)[number];
