/**
 * Finds series that stand in a family twice: Prometheus drops one of them with a warning, and which one is chance.
 */
import { keyOfSeries } from './label-pairs.ts';
import { type SeriesTable, seriesText } from './line-table.ts';
import type { OpenFamily } from './open-family.ts';
import type { Segment } from './scanned-body.ts';

/** Lines that are looked at without a pause. */
const STEP_LINES = 512;

/** Takes the second and later lines of each series out of the family's segments and returns their numbers. */
export function* cutDuplicates(family: OpenFamily, lines: SeriesTable): Generator<void, readonly number[]> {
  const seen = new Set<string>();
  const duplicates: number[] = [];
  let looked = 0;
  for (const { from, to } of family.segments) {
    for (let line = from; line < to; line++) {
      if (++looked % STEP_LINES === 0) {
        yield;
      }
      const key = keyOfSeries(seriesText(lines, line, 'latin1'));
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
