/**
 * The program kata-metrics: for people at a terminal.
 */
export type { CliProgram } from './cli-program.ts';
export { runCliProgram } from './program.ts';
