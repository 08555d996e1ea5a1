/**
 * /proc/<pid>/status.
 */
import { type NameValue, nonEmptyLines, parseNameValue } from './name-value.ts';
import { malformed } from './procfs-error.ts';
import { type Pid, type Procfs, readText } from './read.ts';

/** A line whose value is one number. */
export type ProcessStatusEntry = NameValue;

/**
 * Reads /proc/<pid>/status, see proc_pid_status(5): the lines whose value is one number, in the kernel's order. A kernel
 * thread and a process that has ended have no lines of memory.
 * @throws {ProcfsError}
 */
export async function readProcessStatus(procfs: Procfs, pid: Pid): Promise<ProcessStatusEntry[] | undefined> {
  const text = await readText(procfs, String(pid), 'status');
  return text === undefined || text === '' ? undefined : parseProcessStatus(text);
}

/**
 * Sets, masks and names, which can look like a number: a program may be called `7`, and a mask of signals is hexadecimal
 * without saying so.
 */
const NO_NUMBER =
  /^(?:Name|Umask|State|[UG]id|Groups|NS(?:tgid|pid|pgid|sid)|SigQ|(?:Sig|Shd|Cap)[A-Z]\w+|(?:Cpus|Mems)_allowed\w*|untag_mask):/;

/** Lines of sets, masks and names are passed over. @throws {ProcfsError} `malformed`, at a line without a colon */
export function parseProcessStatus(text: string): ProcessStatusEntry[] {
  return nonEmptyLines(text).flatMap((line) => {
    if (!/^\w+:/.test(line)) {
      throw malformed('process status', 'a name and a colon', line);
    }
    const entry = NO_NUMBER.test(line) ? undefined : parseNameValue(line);
    return entry === undefined ? [] : [entry];
  });
}
