/**
 * /proc/<pid>/status: a process as text. Collectors read its numbers; names, sets and masks are omitted.
 */
import { copyText } from './copy-text.ts';
import { forgetLines, isBlank, type KeptLines, noKeptLines, parseLines } from './kept-lines.ts';
import { type NameValue, parseAt } from './name-value.ts';
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

/** Lines whose value is one number on every kernel; among the others, some are and some are not. */
const NUMBER = /^(?:Vm[A-Z]\w*|Rss[A-Z]\w*|HugetlbPages|Threads|FDSize|(?:non)?voluntary_ctxt_switches)$/;

/** Kind of value of a line, by its name; see the two patterns. */
type Kind = 'number' | 'none' | 'other';

const kinds = new Map<string, Kind>();
/** Limit of remembered names; no kernel has as many. */
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

interface StatusLine {
  readonly name: string;
  /** Undefined for a line without one number. */
  readonly entry: ProcessStatusEntry | undefined;
}

const COLON = ':';

/** Skips lines without a name and a colon, odd lines of numbers, and names that were there before. */
export function parseProcessStatus(
  text: string,
  onSkipped: OnSkipped = ignoreSkipped,
  kept: KeptLines = noKeptLines(),
): ProcessStatusEntry[] {
  const last = kept.values as readonly (StatusLine | undefined)[];
  const values = parseLines<StatusLine>(text, kept, parseLine);
  const { lines } = kept;
  /** Made when the names are not those of the last time, which had each once. */
  let names: Set<string> | undefined;
  let isOdd = false;
  const entries: ProcessStatusEntry[] = [];
  for (let i = 0; i < values.length; i++) {
    const line = values[i];
    if (line === undefined && isBlank(lines[i]!)) {
      continue;
    }
    if (names === undefined && line?.name !== last[i]?.name) {
      names = new Set();
      for (const known of values.slice(0, i)) {
        if (known !== undefined) {
          names.add(known.name);
        }
      }
    }
    if (line === undefined || names?.has(line.name) === true) {
      isOdd = true;
      onSkipped(lines[i]!, 'a name, once, a colon and its value');
      continue;
    }
    names?.add(line.name);
    if (line.entry !== undefined) {
      entries.push(line.entry);
    }
  }
  if (isOdd) {
    forgetLines(kept);
  }
  return entries;
}

/** Undefined for a blank line, and for one that is skipped. */
function parseLine(line: string, last: StatusLine | undefined): StatusLine | undefined {
  const isNamed = last !== undefined && line.startsWith(last.name) && line[last.name.length] === COLON;
  const name = isNamed ? last.name : /^(\w+):/.exec(line)?.[1];
  if (name === undefined) {
    return undefined;
  }
  const kind = kindOf(name);
  const entry = kind === 'none' ? undefined : parseAt(line, 0, line.length, name);
  return entry === undefined && kind === 'number' ? undefined : { name, entry };
}
