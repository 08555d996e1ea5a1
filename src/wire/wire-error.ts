/**
 * Bytes that are no protobuf, or a value that does not fit its field.
 */
export class WireError extends Error {
  override readonly name = 'WireError';
}
