/**
 * The limits of a connection, their defaults, and the check of a caller's values.
 * All memory that a peer can fill has its limit here.
 */
import { MAX_PAYLOAD_BYTES } from './frame.ts';

export interface Limits {
  /**
   * Limit of one message in bytes, including its envelope, in either direction. At most (and by default) 4 MiB, the limit
   * of the protocol.
   */
  readonly maxMessageBytes: number;
  /** Limit of concurrent calls on one connection. */
  readonly maxConcurrentCalls: number;
  /**
   * Most bytes of one stream that wait for their reader. ttrpc has no flow control for a stream: one that is
   * read too slowly either stops the whole connection, fills memory, or fails. It fails.
   * A single message may be larger than this.
   */
  readonly maxStreamBufferBytes: number;
}

/** Sufficient for the sandboxes of a node or the containers of a pod, and small enough to limit a flood. */
export const DEFAULT_MAX_CONCURRENT_CALLS = 256;

/** Some seconds of events, or one large message. */
export const DEFAULT_MAX_STREAM_BUFFER_BYTES = 1024 * 1024;

/**
 * Most bytes of a request or response besides the message of the call: names and metadata, or the status. Far more than
 * anyone sends, and little enough that a frame full of tiny fields, which take fifty times as much in memory, is refused.
 */
export const MAX_ENVELOPE_BYTES = 64 * 1024;

/** Counted for a waiting message in addition to its bytes, so that empty ones are limited too. */
export const MESSAGE_OVERHEAD_BYTES = 64;

/**
 * Adds the defaults to a caller's values.
 * @throws {RangeError} that names the limit.
 */
export function resolveLimits(given: Partial<Limits>): Limits {
  return {
    maxMessageBytes: check('maxMessageBytes', given.maxMessageBytes ?? MAX_PAYLOAD_BYTES, MAX_PAYLOAD_BYTES),
    maxConcurrentCalls: check('maxConcurrentCalls', given.maxConcurrentCalls ?? DEFAULT_MAX_CONCURRENT_CALLS),
    maxStreamBufferBytes: check('maxStreamBufferBytes', given.maxStreamBufferBytes ?? DEFAULT_MAX_STREAM_BUFFER_BYTES),
  };
}

function check(name: keyof Limits, value: number, most: number = Number.MAX_SAFE_INTEGER): number {
  if (Number.isInteger(value) && value >= 1 && value <= most) {
    return value;
  }
  throw new RangeError(`Option "${name}" must be an integer from 1 to ${most}, got ${value}`);
}
