/**
 * How the programs that serve until they are told to end are told: by SIGTERM or SIGINT. Called once by each program when
 * it begins to serve; ends nothing itself.
 */
import type { EventEmitter } from 'node:events';

/**
 * The first of the two signals that comes. A second one of the same name finds no handler and ends the process at once:
 * an operator can send it twice to skip the clean-up. `source` is the process; tests have their own.
 */
export function waitForEndSignal(source: Pick<EventEmitter, 'once'> = process): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      source.once(signal, () => resolve(signal));
    }
  });
}
