/**
 * /proc/<pid>/limits: the resource limits of a process. Collectors read two of them; hard limits are omitted.
 */
import { nonEmptyLines } from './name-value.ts';
import { ONE_PAGE_BYTES, type Pid, type Procfs, readParsedOfProcess } from './read.ts';
import { ignoreSkipped, type OnSkipped } from './skipped.ts';

/** Soft limits as digits, or `unlimited`; undefined where the line is missing or odd. */
export interface ProcessLimits {
  readonly maxOpenFiles: string | undefined;
  readonly maxAddressSpaceBytes: string | undefined;
}

/** Reads /proc/<pid>/limits, see proc_pid_limits(5): a count and bytes. Undefined when the process is not there. */
export function readProcessLimits(procfs: Procfs, pid: Pid): ProcessLimits | undefined {
  return readParsedOfProcess(procfs, pid, 'limits', ONE_PAGE_BYTES, parseProcessLimits);
}

/** Skips odd lines of these two limits; all other lines are passed over. */
export function parseProcessLimits(text: string, onSkipped: OnSkipped = ignoreSkipped): ProcessLimits {
  const lines = nonEmptyLines(text);
  return {
    maxOpenFiles: findSoft(lines, 'Max open files', onSkipped),
    maxAddressSpaceBytes: findSoft(lines, 'Max address space', onSkipped),
  };
}

/** The largest limit is 2^64 - 2: it may be above 2^63 without having wrapped. */
const SOFT_LIMIT = /^(?:\d{1,20}|unlimited)$/;

/** The first line with a limit counts. */
function findSoft(lines: readonly string[], name: string, onSkipped: OnSkipped): string | undefined {
  let found: string | undefined;
  for (const line of lines.filter((each) => each.startsWith(`${name} `))) {
    const [soft = ''] = line.slice(name.length).trim().split(/ +/);
    if (found === undefined && SOFT_LIMIT.test(soft)) {
      found = soft;
    } else {
      onSkipped(line, 'a number or "unlimited", once');
    }
  }
  return found;
}
