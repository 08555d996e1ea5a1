/**
 * The only error of this module, in a separate file, so that a program without a web.yml need not load the rest.
 */

/** The file cannot be used. The message names the key, the allowed values and the value. */
export class WebConfigError extends Error {
  override readonly name = 'WebConfigError';
}
