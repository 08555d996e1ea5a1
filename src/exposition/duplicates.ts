/**
 * Finds series that stand in a family twice: Prometheus drops one of them with a warning, and which one is chance.
 */
import type { LineTable } from './line-table.ts';
import type { OpenFamily } from './open-family.ts';
import { readSampleLine } from './sample-line.ts';
import type { Segment } from './scanned-body.ts';

/** Takes the second and later lines of each series out of the family's segments and returns their numbers. */
export function cutDuplicates(family: OpenFamily, lines: LineTable): readonly number[] {
  const seen = new Set<string>();
  const duplicates: number[] = [];
  for (const { from, to } of family.segments) {
    for (let line = from; line < to; line++) {
      const key = seriesKey(lines, line);
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

/** The same for the same series: labels have no order. */
function seriesKey(lines: LineTable, line: number): string {
  const text = lines.seriesTextOf(line, 'latin1');
  if (!text.includes(',')) {
    return text;
  }
  const { name, labels } = readSampleLine(lines, line);
  return `${name}{${labels.map(([label, value]) => `${label}=${JSON.stringify(value)}`).sort()}`;
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
