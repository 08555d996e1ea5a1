/**
 * Pressure stall information (PSI): /proc/pressure/{cpu,memory,io} of a machine, and {cpu,memory,io}.pressure of a cgroup v2.
 * Collectors read both; the two have one format.
 */
import { nonEmptyLines } from './name-value.ts';
import { isCount } from './number-text.ts';
import { ONE_PAGE_BYTES, type Procfs, readParsed } from './read.ts';
import { ignoreSkipped, type OnSkipped } from './skipped.ts';

/** Microseconds since the start of the machine or of the cgroup, as digits. */
export interface Pressure {
  /** Microseconds in which at least one task was stalled; `some` in the kernel. */
  readonly waitingUs: string | undefined;
  /** All tasks that were not idle were stalled; the kernel's `full`. Linux before 5.13 has none for the CPU. */
  readonly stalledUs: string | undefined;
}

/**
 * Reads a file of PSI by its path below the root, see Documentation/accounting/psi.rst. Undefined where the kernel has no PSI,
 * or was started with it off (`psi=0`).
 */
export function readPressure(procfs: Procfs, path: readonly string[]): Pressure | undefined {
  return readParsed(procfs, path, ONE_PAGE_BYTES, parsePressure);
}

const TOTAL = ' total=';

/**
 * Parses the totals; averages are not needed, because they are rates of these. Skips lines that are neither of the two, or
 * have no total.
 */
export function parsePressure(text: string, onSkipped: OnSkipped = ignoreSkipped): Pressure {
  let waitingUs: string | undefined;
  let stalledUs: string | undefined;
  for (const line of nonEmptyLines(text)) {
    const at = line.lastIndexOf(TOTAL);
    const total = at < 0 ? undefined : line.slice(at + TOTAL.length);
    if (!isCount(total)) {
      onSkipped(line, EXPECTED);
    } else if (line.startsWith('some ') && waitingUs === undefined) {
      waitingUs = total;
    } else if (line.startsWith('full ') && stalledUs === undefined) {
      stalledUs = total;
    } else {
      onSkipped(line, EXPECTED);
    }
  }
  return { waitingUs, stalledUs };
}

const EXPECTED = '"some" or "full", once, and a total in microseconds';
