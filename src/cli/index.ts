/**
 * The program kata-metrics, for use in a terminal.
 */
export type { CliProgram } from './cli-program.ts';
export { runCliProgram } from './run-cli-program.ts';
