/**
 * What a caller may set for one call.
 */
import type { MetadataInit } from './metadata.ts';

export interface CallOptions {
  /**
   * Cancels the call. It fails with CANCELLED, or with DEADLINE_EXCEEDED when the signal is that of
   * `AbortSignal.timeout`, and `cause` is the signal's reason. The protocol does not notify the server: see `timeoutMs`.
   */
  signal?: AbortSignal | undefined;
  /**
   * How long the whole call may last. The server receives the timeout and stops its handler then; the call fails with
   * DEADLINE_EXCEEDED by the server's response or by a timer here, whichever comes first. Zero or less: fails without
   * being sent. Without it (or with Infinity) the call may last for ever.
   */
  timeoutMs?: number | undefined;
  metadata?: MetadataInit | undefined;
}
