/**
 * A failure of a command. The message is complete: no stack is printed.
 */
export class CliError extends Error {
  override readonly name = 'CliError';
}
