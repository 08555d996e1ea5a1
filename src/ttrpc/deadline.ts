/**
 * Timers for deadlines, which may be longer than one timer of Node, and their form on the wire.
 */

/** setTimeout fires at once for more than this, 24.8 days. */
const MAX_TIMER_MS = 2 ** 31 - 1;

const NANOS_PER_MS = 1_000_000;

const MAX_INT64 = 2n ** 63n - 1n;

/** Calls `onExpired` once after `timeoutMs`; the function given back stops that. */
export function startDeadline(timeoutMs: number, onExpired: () => void): () => void {
  let timer: NodeJS.Timeout;
  const arm = (remainingMs: number): void => {
    const stepMs = Math.min(remainingMs, MAX_TIMER_MS);
    timer = setTimeout(() => (remainingMs > stepMs ? arm(remainingMs - stepMs) : onExpired()), stepMs);
  };
  arm(timeoutMs);
  return () => clearTimeout(timer);
}

/** `timeout_nano` for a timeout; at least 1, as 0 means none. */
export function toTimeoutNano(timeoutMs: number): bigint {
  const nanos = Math.max(1, Math.ceil(timeoutMs * NANOS_PER_MS));
  return nanos >= Number(MAX_INT64) ? MAX_INT64 : BigInt(nanos);
}

/** The timeout that a request carries, undefined if none. Less than zero: it has passed already. */
export function fromTimeoutNano(timeoutNano: bigint): number | undefined {
  return timeoutNano === 0n ? undefined : Number(timeoutNano) / NANOS_PER_MS;
}
