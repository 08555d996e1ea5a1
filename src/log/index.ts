/**
 * A small log for small programs.
 */
export { createJsonLog, type JsonLogOptions, type Log, type LogLevel, logLevels } from './json-log.ts';
