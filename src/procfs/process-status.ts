/**
 * /proc/<pid>/status: a process as text. Collectors read its numbers; names, sets and masks are omitted.
 */
import { type NameValue, nonEmptyLines, parseNameValue } from './name-value.ts';
import { type Pid, type Procfs, readParsedOfProcess } from './read.ts';
import { ignoreSkipped, type OnSkipped } from './skipped.ts';

/** A line whose value is one number: KiB where the unit is `kB`, else a count, a flag or the number of a process. */
export type ProcessStatusEntry = NameValue;

/** Limit: 65,536 supplementary groups, the most that a process can have, are 700 KiB; all else is a few. */
const MAX_BYTES = 1024 * 1024;

/** Names, octal and hexadecimal masks and lists, which can look like one number: a process may be called `123`. */
const NO_NUMBER =
  /^(?:Name|State|Umask|Uid|Gid|Groups|NS[a-z]+|S(?:ig|hd)[A-Z]\w*|Cap[A-Z]\w*|(?:Cpus|Mems)_allowed\w*)$/;

/**
 * Reads /proc/<pid>/status, see proc_pid_status(5): the lines whose value is one number, in the kernel's order. A kernel
 * thread and a process that has ended have no lines of memory. Undefined when the process is not there.
 */
export function readProcessStatus(procfs: Procfs, pid: Pid): ProcessStatusEntry[] | undefined {
  return readParsedOfProcess(procfs, pid, 'status', MAX_BYTES, parseProcessStatus);
}

/** Lines whose value is one number on every kernel; of others, some are and some are not. */
const NUMBER = /^(?:Vm[A-Z]\w*|Rss[A-Z]\w*|HugetlbPages|Threads|FDSize|(?:non)?voluntary_ctxt_switches)$/;

/** Skips lines without a name and a colon, odd lines of numbers, and names that were there before. */
export function parseProcessStatus(text: string, onSkipped: OnSkipped = ignoreSkipped): ProcessStatusEntry[] {
  const names = new Set<string>();
  return nonEmptyLines(text).flatMap((line) => {
    const name = /^(\w+):/.exec(line)?.[1];
    const entry = name === undefined || NO_NUMBER.test(name) ? undefined : parseNameValue(line);
    if (name === undefined || names.has(name) || (entry === undefined && NUMBER.test(name))) {
      onSkipped(line, 'a name, once, a colon and its value');
      return [];
    }
    names.add(name);
    return entry === undefined ? [] : [entry];
  });
}
