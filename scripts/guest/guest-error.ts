/**
 * A guest cannot be built; the message is all that a person needs.
 */
export class GuestError extends Error {
  override readonly name = 'GuestError';
}
