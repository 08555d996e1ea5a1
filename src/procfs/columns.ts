/**
 * Parses lines of numbers whose meaning follows from their column. Kernels add columns at the end, so older ones have
 * fewer columns, and newer ones may have unknown ones. The parsers of stat, diskstats and net/dev call it. Pure.
 */
import { isCount32, isCountOfDigits, isInteger } from './number-text.ts';

export interface ColumnRules<C extends string> {
  /** Fewest columns that a line has. */
  readonly minColumns: number;
  /** Columns that the kernel keeps in 32 bits and may have lost count of. */
  readonly is32Bit?: (column: C) => boolean;
}

export interface Columns<C extends string> {
  /** Values by column; one that is negative, or has wrapped below zero, is absent. */
  readonly fields: Partial<Record<C, string>>;
  /** A value was left out. */
  readonly isPartial: boolean;
}

/**
 * The values of the columns that the line has; further values are passed over. Undefined when fewer than `minColumns` are
 * there, or one of ours is no number: then the columns cannot be identified.
 */
export function toColumns<C extends string>(
  columns: readonly C[],
  values: readonly string[],
  { minColumns, is32Bit = () => false }: ColumnRules<C>,
): Columns<C> | undefined {
  const length = Math.min(values.length, columns.length);
  if (length < minColumns) {
    return undefined;
  }
  const fields: Partial<Record<C, string>> = {};
  let isPartial = false;
  for (let i = 0; i < length; i++) {
    const column = columns[i]!;
    const value = values[i]!;
    if (!isInteger(value)) {
      return undefined;
    }
    if (is32Bit(column) ? isCount32(value) : isCountOfDigits(value)) {
      fields[column] = value;
    } else {
      isPartial = true;
    }
  }
  return { fields, isPartial };
}

const BLANK = 32;
const TAB = 9;

/** The words of a line, however many blanks or tabs are between them. */
export function toWords(line: string): string[] {
  const text = line.trim();
  const words: string[] = [];
  let start = 0;
  for (let at = 0; at <= text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === BLANK || code === TAB || at === text.length) {
      if (at > start || text === '') {
        words.push(text.slice(start, at));
      }
      start = at + 1;
    }
  }
  return words;
}
