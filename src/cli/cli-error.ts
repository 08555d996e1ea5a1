/**
 * What a command could not do; the message is all that a person needs.
 */
export class CliError extends Error {
  override readonly name = 'CliError';
}
