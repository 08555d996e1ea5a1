/**
 * Interprets that a shim could not be reached: the sandbox may have ended since the last look, or may just be starting.
 */
import { lstatSync } from 'node:fs';
import type { Sandbox } from './sandbox.ts';

/** A shim makes its socket before the guest boots; one that has none after this time will not have one. */
const STARTING_MS = 30_000;

export type Absence = 'gone' | 'starting' | 'lasting';

/** Looks for the directory again. */
export function findAbsence({ directory, firstSeenMs }: Sandbox, nowMs = Date.now()): Absence {
  try {
    const stat = lstatSync(directory, { throwIfNoEntry: false });
    if (stat === undefined) {
      return 'gone';
    }
    // Both: a monitor that has just started sees old directories for the first time, and a dying shim changes its own.
    const isYoung = nowMs - firstSeenMs < STARTING_MS && nowMs - stat.mtimeMs < STARTING_MS;
    return isYoung ? 'starting' : 'lasting';
  } catch {
    return 'lasting'; // it is there, but may not be looked at
  }
}
