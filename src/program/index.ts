/**
 * What every program shares: the log of small programs, the signals that end a program, the limits of the heap, the
 * version, the clock, how a program ends, and who makes a scrape wait.
 */
export { type Clock, systemClock } from './clock.ts';
export { type GrowthOptions, makeGrowthCollector } from './collect-growth.ts';
export { findProgram, isExecutable } from './find-program.ts';
export {
  createJsonLog,
  createLevelledLog,
  type JsonLogOptions,
  type Log,
  type LogFields,
  type LogFunction,
  type LogLevel,
  type LogOf,
  logLevels,
  writeLine,
} from './json-log.ts';
export {
  allowOptimization,
  exposeCollector,
  holdOptimization,
  isOptimizationHeld,
  keepHeapLean,
} from './lean-heap.ts';
export { orAborted } from './or-aborted.ts';
export { PacedWork, type PacedWorkOptions } from './paced-work.ts';
export { readPackageVersion } from './package-version.ts';
export { PlainFileError, readPlainBytes, readPlainFile } from './plain-file.ts';
export { toPrintable, toPrintableJson, toPrintableLine } from './printable.ts';
export { randomEpoch } from './random-epoch.ts';
export { RateLimit } from './rate-limit.ts';
export { exitCodes, type ProgramDescription, readOption, runProgram } from './run-program.ts';
export { type LateReason, SlowPeers, type SlowPeersOptions } from './slow-peers.ts';
export { waitForEndSignal } from './wait-for-end-signal.ts';
