/**
 * Thrown for bytes that are not valid protobuf, and for a value that does not fit its field.
 */
export class WireError extends Error {
  override readonly name = 'WireError';
}
