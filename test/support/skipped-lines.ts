/**
 * A parser of /proc or of a cgroup, run over a text, with the lines that it skipped.
 */
import type { OnSkipped } from '../../src/procfs/index.ts';

export interface Parsed<T> {
  readonly value: T;
  readonly skipped: readonly string[];
}

export function parseRecorded<I, T>(parse: (input: I, onSkipped: OnSkipped) => T, input: I): Parsed<T> {
  const skipped: string[] = [];
  return { value: parse(input, (line) => skipped.push(line)), skipped };
}
