/**
 * A token bucket: `burst` at once, and one more each `intervalMs`. For requests of all clients together, and for messages.
 */
export class RateLimit {
  readonly #intervalMs: number;
  readonly #burst: number;
  readonly #nowMs: () => number;
  #tokens: number;
  #filledAtMs: number;

  constructor({ intervalMs, burst }: { intervalMs: number; burst: number }, nowMs = () => performance.now()) {
    this.#intervalMs = intervalMs;
    this.#burst = burst;
    this.#nowMs = nowMs;
    this.#tokens = burst;
    this.#filledAtMs = nowMs();
  }

  /** Takes a token; false when there is none. */
  take(): boolean {
    const nowMs = this.#nowMs();
    this.#tokens = Math.min(this.#burst, this.#tokens + (nowMs - this.#filledAtMs) / this.#intervalMs);
    this.#filledAtMs = nowMs;
    if (this.#tokens < 1) {
      return false;
    }
    this.#tokens -= 1;
    return true;
  }
}
