/**
 * Lines of numbers whose columns have a meaning by their place: kernels add columns at the end, so old ones have fewer
 * and new ones may have more than we know. The parsers of stat, diskstats and net/dev call it. Pure.
 */
import { isSigned, isUnsigned } from './number-text.ts';

export interface ColumnRules<C extends string> {
  /** Fewest columns that a line has. */
  readonly minColumns: number;
  /** Column that may be negative. */
  readonly signed?: C;
}

/**
 * The values of the columns that the line has, by name; further values are passed over. Undefined when fewer than
 * `minColumns` are there, or one of ours is no number.
 */
export function toColumns<C extends string>(
  columns: readonly C[],
  values: readonly string[],
  { minColumns, signed }: ColumnRules<C>,
): Partial<Record<C, string>> | undefined {
  const known = values.slice(0, columns.length);
  if (
    known.length < minColumns ||
    !known.every((value, i) => (columns[i] === signed ? isSigned(value) : isUnsigned(value)))
  ) {
    return undefined;
  }
  return Object.fromEntries(known.map((value, i) => [columns[i]!, value])) as Partial<Record<C, string>>;
}

/** The words of a line, however many blanks or tabs are between them. */
export function toWords(line: string): string[] {
  return line.trim().split(/[ \t]+/);
}
