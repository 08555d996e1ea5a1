/**
 * The parsed value of each line of a file at its last read: most lines of /proc are the same at the next scrape, and
 * comparing two texts is faster than parsing one. `read.ts` keeps one instance for each file; the parsers use it. Pure.
 */

export interface KeptLines {
  /** Lines of the last text. */
  lines: readonly string[];
  /** Parsed value of each line; undefined for a line that is parsed each time. */
  values: readonly unknown[];
}

export function noKeptLines(): KeptLines {
  return { lines: [], values: [] };
}

/** Drops the lines of a text of which some were skipped, so that they are parsed and counted again. */
export function forgetLines(kept: KeptLines): void {
  kept.lines = [];
  kept.values = [];
}

/**
 * `parse` of each line, or what it returned for the same line at the same place the last time. These values are shared, so they
 * are never changed. `parse` gets the value of the last line at this place too.
 */
export function parseLines<T>(
  text: string,
  kept: KeptLines,
  parse: (line: string, last: T | undefined) => T | undefined,
): (T | undefined)[] {
  const { lines: lastLines, values: lastValues } = kept;
  const lines = text.split('\n');
  const values: (T | undefined)[] = [];
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    const last = lastValues[i] as T | undefined;
    values.push(last !== undefined && lastLines[i] === line ? last : parse(line, last));
  }
  kept.lines = lines;
  kept.values = values;
  return values;
}

export function isBlank(line: string): boolean {
  return line === '' || line.trim() === '';
}
