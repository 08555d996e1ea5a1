/**
 * Time as this room needs it; the programs give it theirs, tests their own.
 */
export interface CriClock {
  /** Milliseconds since the epoch. */
  nowMs(): number;
  /** Runs `run` once, after `delayMs`; the function that comes back cancels it. Never keeps the process alive. */
  after(delayMs: number, run: () => void): () => void;
}
