/**
 * Numbers that stay text, because 64 bits do not fit a JavaScript number. The parsers of this room ask here whether a
 * field is one. Pure.
 */

/** Whether a text is a number of 64 bits without a sign, by its length: `18446744073709551615` has 20 digits. */
export function isUnsigned(text: string | undefined): text is string {
  return text !== undefined && /^\d{1,20}$/.test(text);
}

/** The same, a sign allowed. */
export function isSigned(text: string | undefined): text is string {
  return text !== undefined && /^-?\d{1,20}$/.test(text);
}
