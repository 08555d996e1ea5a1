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
   * Timeout of the whole call in milliseconds. The server receives it and stops its handler then; the call fails with
   * DEADLINE_EXCEEDED by the response of the server or by a timer here, whichever comes first. Zero or less: the call
   * fails without being sent. Undefined or Infinity: no timeout.
   */
  timeoutMs?: number | undefined;
  metadata?: MetadataInit | undefined;
}
