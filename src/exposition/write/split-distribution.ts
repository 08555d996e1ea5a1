/**
 * A histogram or summary as the untyped families of its samples: for a response in which it cannot stand as one.
 */
import type { SampleSuffix } from '../format/family.ts';
import { type SeriesTable, seriesStart } from '../scan/line-table.ts';
import type { ScannedFamily, Segment } from '../scan/scanned-body.ts';

const UNDERSCORE = 95;
/** What follows the underscore of a suffix tells which it is: the scanner lets no other into a distribution. */
const suffixByLetter: Readonly<Record<number, SampleSuffix>> = { 98: '_bucket', 99: '_count', 115: '_sum' };

/** By what stands behind the distribution's name in the names of the samples. `lines` is the table of its lines. */
export function splitDistribution(family: ScannedFamily, lines: SeriesTable): Map<SampleSuffix, ScannedFamily> {
  const segments = new Map<SampleSuffix, Segment[]>();
  for (const { from, to } of family.segments) {
    for (let line = from; line < to; line++) {
      const suffix = suffixOf(lines, line, family.name.length);
      const known = segments.get(suffix);
      if (known === undefined) {
        segments.set(suffix, [{ from: line, to: line + 1 }]);
      } else {
        addLine(known, line);
      }
    }
  }
  const { name, help } = family;
  return new Map(
    [...segments].map(([suffix, ofSuffix]) => [
      suffix,
      { name: name + suffix, type: 'unknown', help, segments: ofSuffix, head: undefined },
    ]),
  );
}

/** What stands behind the family's name in the sample's, of a line of a distribution. */
export function suffixOf(lines: SeriesTable, line: number, nameLength: number): SampleSuffix {
  const bytes = lines.body;
  const at = seriesStart(lines, line) + nameLength;
  return bytes[at] === UNDERSCORE ? (suffixByLetter[bytes[at + 1]!] ?? '') : '';
}

/** Adds a line behind those of `segments`. */
export function addLine(segments: Segment[], line: number): void {
  const last = segments.at(-1);
  if (last?.to === line) {
    segments[segments.length - 1] = { from: last.from, to: line + 1 };
  } else {
    segments.push({ from: line, to: line + 1 });
  }
}
