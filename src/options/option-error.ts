/**
 * An invalid command line. The message contains everything that the user needs to correct it.
 */
export class OptionError extends Error {
  override readonly name = 'OptionError';
}
