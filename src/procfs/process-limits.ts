/**
 * /proc/<pid>/limits: what a process may use. Collectors read two of them; hard limits are left out.
 */
import { nonEmptyLines } from './name-value.ts';
import { isUnsigned } from './number-text.ts';
import { malformed } from './procfs-error.ts';
import { ONE_PAGE_BYTES, type Pid, type Procfs, readProcessText } from './read.ts';

/** Soft limits as digits; undefined where there is none (`unlimited`). */
export interface ProcessLimits {
  readonly maxOpenFiles: string | undefined;
  readonly maxAddressSpaceBytes: string | undefined;
}

/**
 * Reads /proc/<pid>/limits, see proc_pid_limits(5): a count and bytes. Undefined when the process is not there.
 * @throws {ProcfsError}
 */
export async function readProcessLimits(procfs: Procfs, pid: Pid): Promise<ProcessLimits | undefined> {
  const text = await readProcessText(procfs, pid, 'limits', ONE_PAGE_BYTES);
  return text === undefined ? undefined : parseProcessLimits(text);
}

const HEADER = /^Limit +Soft Limit +Hard Limit +Units/;

/** @throws {ProcfsError} `malformed` */
export function parseProcessLimits(text: string): ProcessLimits {
  const [header = '', ...lines] = nonEmptyLines(text);
  if (!HEADER.test(header)) {
    throw malformed('process limits', 'a header', header);
  }
  return {
    maxOpenFiles: findSoft(lines, 'Max open files'),
    maxAddressSpaceBytes: findSoft(lines, 'Max address space'),
  };
}

function findSoft(lines: readonly string[], name: string): string | undefined {
  const line = lines.find((each) => each.startsWith(`${name} `));
  if (line === undefined) {
    return undefined;
  }
  const [soft = ''] = line.slice(name.length).trim().split(/ +/);
  if (soft === 'unlimited') {
    return undefined;
  }
  if (!isUnsigned(soft)) {
    throw malformed('process limits', 'a number or "unlimited"', line);
  }
  return soft;
}
