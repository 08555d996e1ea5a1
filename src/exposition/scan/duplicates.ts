/**
 * Finds duplicate series of a family, because Prometheus drops all but one of them with a warning, and does not define
 * which.
 */
import { BACKSLASH, QUOTE } from '../format/characters.ts';
import { keyOfSeries } from './label-pairs.ts';
import { INTS_PER_LINE, type Segment, type SeriesTable, seriesText } from './scanned-body.ts';

/** Lines that are looked at without a pause. */
const STEP_LINES = 512;

/** Takes the second and later lines of each series out of the family's segments and returns their numbers. */
export function* cutDuplicates(
  family: { segments: Segment[] },
  lines: SeriesTable,
): Generator<void, readonly number[]> {
  const isUniform = yield* haveSameLabelNames(family, lines);
  const seen = new Set<string>();
  const duplicates: number[] = [];
  let looked = 0;
  for (const { from, to } of family.segments) {
    for (let line = from; line < to; line++) {
      if (++looked % STEP_LINES === 0) {
        yield;
      }
      const text = seriesText(lines, line, 'latin1');
      const key = isUniform ? text : keyOfSeries(text);
      if (seen.has(key)) {
        duplicates.push(line);
      } else {
        seen.add(key);
      }
    }
  }
  if (duplicates.length > 0) {
    const isDuplicate = new Set(duplicates);
    family.segments = family.segments.flatMap((segment) => splitAt(segment, isDuplicate));
  }
  return duplicates;
}

/**
 * Whether all lines of the family have the same label names in the same order, as those of an honest one have: then two
 * lines are the same series exactly when they are the same bytes.
 */
function* haveSameLabelNames(
  { segments }: { readonly segments: readonly Segment[] },
  lines: SeriesTable,
): Generator<void, boolean> {
  const first = segments[0]?.from;
  let looked = 0;
  for (const { from, to } of segments) {
    for (let line = from; line < to; line++) {
      if (++looked % STEP_LINES === 0) {
        yield;
      }
      if (!areNamesEqual(lines, first!, line)) {
        return false;
      }
    }
  }
  return true;
}

/** Goes over both lines at once, from name to name. Label values are passed over, whatever they are. */
function areNamesEqual({ body, offsets }: SeriesTable, one: number, other: number): boolean {
  let a = offsets[one * INTS_PER_LINE]!;
  let b = offsets[other * INTS_PER_LINE]!;
  const aInsertAt = offsets[one * INTS_PER_LINE + 1]!;
  const bInsertAt = offsets[other * INTS_PER_LINE + 1]!;
  const aEnd = aInsertAt < 0 ? ~aInsertAt : aInsertAt;
  const bEnd = bInsertAt < 0 ? ~bInsertAt : bInsertAt;
  while (a < aEnd && b < bEnd) {
    const byte = body[a++]!;
    if (byte !== body[b++]) {
      return false;
    }
    if (byte === QUOTE) {
      a = findQuote(body, a);
      b = findQuote(body, b);
    }
  }
  return a === aEnd && b === bEnd;
}

/** The offset after the quote that ends a label value. */
function findQuote(bytes: Uint8Array, from: number): number {
  let at = from;
  while (bytes[at] !== QUOTE) {
    at += bytes[at] === BACKSLASH ? 2 : 1;
  }
  return at + 1;
}

function splitAt({ from, to }: Segment, isCut: ReadonlySet<number>): Segment[] {
  const parts: Segment[] = [];
  let start = from;
  for (let line = from; line <= to; line++) {
    if (line === to || isCut.has(line)) {
      if (line > start) {
        parts.push({ from: start, to: line });
      }
      start = line + 1;
    }
  }
  return parts;
}
