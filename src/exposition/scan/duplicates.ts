/**
 * Finds series that stand in a family twice: Prometheus drops one of them with a warning, and which one is chance.
 */
import { keyOfSeries } from './label-pairs.ts';
import type { LineTable } from './line-table.ts';
import type { OpenFamily } from './open-family.ts';
import type { Segment } from './scanned-body.ts';

/** Takes the second and later lines of each series out of the family's segments and returns their numbers. */
export function cutDuplicates(family: OpenFamily, lines: LineTable): readonly number[] {
  const seen = new Set<string>();
  const duplicates: number[] = [];
  for (const { from, to } of family.segments) {
    for (let line = from; line < to; line++) {
      const key = keyOfSeries(lines.seriesTextOf(line, 'latin1'));
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
