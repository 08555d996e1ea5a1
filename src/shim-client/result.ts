/**
 * The result of one GET to a shim. A failure is a value too: a shim that misbehaves causes a failed result, never an
 * exception.
 */

export type ShimFailureReason =
  /** The caller's signal fired. */
  | 'aborted'
  /** The shim responded with a status other than 200. Redirects are included: they are never followed. */
  | 'http_status'
  /** This process or the machine has no file descriptor, memory or queue slot left for another connection. */
  | 'local_shortage'
  /** The path does not exist. */
  | 'missing'
  /** The response is not HTTP/1.1, or does not have the length that it declares. */
  | 'protocol'
  /** No process listens on the socket, the path is not a socket, or this process may not connect to it. */
  | 'refused'
  /** The connection ended before the response was complete. */
  | 'reset'
  /** The deadline passed. */
  | 'timeout'
  /** The body exceeds the caller's limit. It was truncated at the limit and not read to its end. */
  | 'too_large';

/** Header values by lower-case name; the values of a repeated header are joined by a comma and a space. */
export type ShimHeaders = Readonly<Record<string, string>>;

/** The message for a socket on which no process listens: of `refused`, the case in which there is no shim any more. */
export const NO_LISTENER = 'no process listens on the socket';

export interface ShimOk {
  readonly kind: 'ok';
  readonly status: 200;
  readonly headers: ShimHeaders;
  readonly body: Buffer;
}

export interface ShimFailure {
  readonly kind: 'failed';
  readonly reason: ShimFailureReason;
  /** Describes what happened to the connection; the caller prepends the name of the sandbox. */
  readonly message: string;
  /** The decoded bytes of the body before the failure, if any. Complete families can be read from them. */
  readonly partialBody?: Buffer;
  /** Present once the head of the response was read. */
  readonly status?: number;
  readonly headers?: ShimHeaders;
}

export type ShimResult = ShimOk | ShimFailure;
