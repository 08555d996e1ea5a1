/**
 * What one GET to a shim can come back as. A value in every case: a shim that misbehaves is a figure for its caller, never
 * an exception.
 */

export type ShimFailureReason =
  /** The caller's signal fired. */
  | 'aborted'
  /** The shim answered, with a status that is not 200. Redirects are this too: they are never followed. */
  | 'http_status'
  /** This program, or the machine, has no descriptor, memory or place in a queue left for another connection. */
  | 'local_shortage'
  /** No socket at the path. */
  | 'missing'
  /** What came back is not HTTP/1.1, or lies about its length. */
  | 'protocol'
  /** Nobody listens on the socket, it is not one, or it may not be opened. */
  | 'refused'
  /** The connection ended before the answer did. */
  | 'reset'
  /** The deadline passed. */
  | 'timeout'
  /** The body is longer than the caller takes; it was cut off at the bound, not read to its end. */
  | 'too_large';

/** Header values by lower-case name; a repeated header's values are joined by a comma and a blank. */
export type ShimHeaders = Readonly<Record<string, string>>;

export interface ShimOk {
  readonly kind: 'ok';
  readonly status: 200;
  readonly headers: ShimHeaders;
  readonly body: Buffer;
}

export interface ShimFailure {
  readonly kind: 'failed';
  readonly reason: ShimFailureReason;
  /** Says what happened to the connection; the caller puts the sandbox's name in front. */
  readonly message: string;
  /** Decoded body bytes up to the failure, where there were any: whole families can be saved from it. */
  readonly partialBody?: Buffer;
  /** As soon as the answer's head was read. */
  readonly status?: number;
  readonly headers?: ShimHeaders;
}

export type ShimAnswer = ShimOk | ShimFailure;
