/**
 * /proc/<pid>/status: a process in words. Collectors read its figures; names, sets and masks are left out.
 */
import { type NameValue, nonEmptyLines, parseNameValue } from './name-value.ts';
import { malformed } from './procfs-error.ts';
import { type Pid, type Procfs, readProcessText } from './read.ts';

/** A line whose value is one number: KiB where the unit is `kB`, else a count, a flag or the number of a process. */
export type ProcessStatusEntry = NameValue;

/** Bound: 65,536 supplementary groups, the most that a process can have, are 700 KiB; all else is a few. */
const MAX_BYTES = 1024 * 1024;

/** Names, octal and hexadecimal masks and lists, which can look like one number: a process may be called `123`. */
const NO_NUMBER =
  /^(?:Name|State|Umask|Uid|Gid|Groups|NS[a-z]+|S(?:ig|hd)[A-Z]\w*|Cap[A-Z]\w*|(?:Cpus|Mems)_allowed\w*)$/;

/**
 * Reads /proc/<pid>/status, see proc_pid_status(5): the lines whose value is one number, in the kernel's order. A kernel
 * thread and a process that has ended have no lines of memory. Undefined when the process is not there.
 * @throws {ProcfsError}
 */
export async function readProcessStatus(procfs: Procfs, pid: Pid): Promise<ProcessStatusEntry[] | undefined> {
  const text = await readProcessText(procfs, pid, 'status', MAX_BYTES);
  return text === undefined ? undefined : parseProcessStatus(text);
}

/** @throws {ProcfsError} `malformed`, at a line without a name and a colon */
export function parseProcessStatus(text: string): ProcessStatusEntry[] {
  return nonEmptyLines(text).flatMap((line) => {
    const name = /^(\w+):/.exec(line)?.[1];
    if (name === undefined) {
      throw malformed('process status', 'a name and a colon', line);
    }
    const entry = NO_NUMBER.test(name) ? undefined : parseNameValue(line);
    return entry === undefined ? [] : [entry];
  });
}
