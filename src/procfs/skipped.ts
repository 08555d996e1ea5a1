/**
 * A record of what the readers of this module could not read: lines that they skipped and files that they could not open.
 * A program passes one record to its readers as part of `Procfs`. Reads nothing.
 */

/** Called by a parser for each line that it skips, or of which it leaves out a value. */
export type OnSkipped = (line: string, expected: string) => void;

/** Default of every parser. */
export const ignoreSkipped: OnSkipped = () => undefined;

export interface SkippedRecord {
  /** `file` has no numbers of processes: `meminfo`, `self/stat`, `pid/io`, `io.stat`. */
  skippedLine(file: string, line: string, expected: string): void;
  /** `file` as above; `reason` names the path and what went wrong. */
  unreadable(file: string, reason: string): void;
}

/** Longest piece of foreign text that a message quotes. */
const MAX_QUOTED_CHARACTERS = 80;

/** Files with a name of their own. What is beyond has one name together: sizes of huge pages and devices are few. */
const MAX_FILES = 200;
const OTHER_FILES = 'other';

/** Counts, and logs once for each file. */
export class SkippedLines implements SkippedRecord {
  readonly #onFirst: (message: string) => void;
  readonly #counts = new Map<string, number>();
  readonly #unreadable = new Set<string>();

  /** `onFirst` gets a message at the first line of a file that is skipped, and at the first time that it is unreadable. */
  constructor(onFirst: (message: string) => void) {
    this.#onFirst = onFirst;
  }

  /** Lines that were skipped since the program started, by file; without files of which none was. */
  counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  skippedLine(file: string, line: string, expected: string): void {
    const name = this.#counts.has(file) || this.#counts.size < MAX_FILES ? file : OTHER_FILES;
    const count = this.#counts.get(name) ?? 0;
    this.#counts.set(name, count + 1);
    if (count === 0) {
      this.#onFirst(`${describeSkipped(file, line, expected)}; further lines of this file are only counted`);
    }
  }

  unreadable(file: string, reason: string): void {
    if (!this.#unreadable.has(file) && this.#unreadable.size < MAX_FILES) {
      this.#unreadable.add(file);
      this.#onFirst(reason);
    }
  }
}

/** A long line is cut, and the message says so. */
export function describeSkipped(file: string, line: string, expected: string): string {
  const quoted = JSON.stringify(line.slice(0, MAX_QUOTED_CHARACTERS));
  const rest = line.length - MAX_QUOTED_CHARACTERS;
  const cut = rest > 0 ? ` and ${rest} more characters` : '';
  return `Skipped a line of "${file}": expected ${expected}, got ${quoted}${cut}`;
}
