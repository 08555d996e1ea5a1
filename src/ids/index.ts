/**
 * The valid ids of sandboxes, containers and processes. Ids come from guests, container managers, directory names and
 * queries. An id that is not valid here never becomes part of a file path.
 */

/** Normally 64 hexadecimal digits; container managers other than containerd use names. */
export const idPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** The same for error messages, behind "must be". */
export const ID_RULE = '1 to 128 of A-Z a-z 0-9 . _ -, and begin with a letter or digit';

/** Whether `text` is an id: no separator, no leading dot, at most 128 characters. */
export function isId(text: string): boolean {
  return idPattern.test(text);
}
