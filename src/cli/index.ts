/**
 * The program kata-metrics: for people at a terminal.
 */
export type { CliProgram } from './cli-program.ts';
export { cliCommands } from './commands.ts';
export { runCliProgram } from './program.ts';
