/**
 * A command line that a person has to correct; the message is all they need.
 */
export class OptionError extends Error {
  override readonly name = 'OptionError';
}
