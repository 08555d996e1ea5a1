/**
 * What every program shares: the log of small programs, the signals that end a program, the limits of the heap, the
 * version, and the clock.
 */
export { type Clock, systemClock } from './clock.ts';
export { createJsonLog, type JsonLogOptions, type Log, type LogLevel, logLevels } from './json-log.ts';
export { keepHeapLean } from './lean-heap.ts';
export { PacedWork, type PacedWorkOptions } from './paced-work.ts';
export { readPackageVersion } from './package-version.ts';
export { waitForEndSignal } from './wait-for-end-signal.ts';
