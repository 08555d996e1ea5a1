/**
 * /proc/<pid>/status: a process as text. Collectors read its numbers; names, sets and masks are omitted.
 */
import { copyText } from './copy-text.ts';
import { forEachLine, type NameValue, parseAt } from './name-value.ts';
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

/** What a line with a name may be; see the two patterns. */
type Kind = 'number' | 'none' | 'other';

const kinds = new Map<string, Kind>();
/** More than any kernel has. */
const MAX_KINDS = 1024;

function kindOf(name: string): Kind {
  let kind = kinds.get(name);
  if (kind === undefined) {
    kind = NO_NUMBER.test(name) ? 'none' : NUMBER.test(name) ? 'number' : 'other';
    if (kinds.size < MAX_KINDS) {
      kinds.set(copyText(name), kind);
    }
  }
  return kind;
}

/** Names in the order of the last file, each once. */
let lastNames: readonly string[] = [];

const COLON = 58;

/** Skips lines without a name and a colon, odd lines of numbers, and names that were there before. */
export function parseProcessStatus(text: string, onSkipped: OnSkipped = ignoreSkipped): ProcessStatusEntry[] {
  const known = lastNames;
  const order: string[] = [];
  /** Made when the names are not those of the last time. */
  let names: Set<string> | undefined;
  const entries: ProcessStatusEntry[] = [];
  forEachLine(text, (start, end) => {
    const expected = names === undefined ? known[order.length] : undefined;
    const isExpected =
      expected !== undefined &&
      text.charCodeAt(start + expected.length) === COLON &&
      text.startsWith(expected, start) &&
      start + expected.length < end;
    const name = isExpected ? expected : /^(\w+):/.exec(text.slice(start, end))?.[1];
    if (names === undefined && !isExpected) {
      names = new Set(order);
    }
    const kind = name === undefined ? 'none' : kindOf(name);
    const entry = kind === 'none' ? undefined : parseAt(text, start, end, name);
    if (name === undefined || names?.has(name) === true || (entry === undefined && kind === 'number')) {
      onSkipped(text.slice(start, end), 'a name, once, a colon and its value');
      return;
    }
    names?.add(name);
    order.push(name);
    if (entry !== undefined) {
      entries.push(entry);
    }
  });
  if (names !== undefined) {
    lastNames = order.map(copyText);
  }
  return entries;
}
