/**
 * A histogram or summary as the untyped families of its samples: for a response in which it cannot stand as one.
 */
import type { SampleSuffix } from '../format/family.ts';
import { suffixAt } from '../format/suffixes.ts';
import { addLine, type ScannedFamily, type Segment, type SeriesTable, seriesStart } from '../scan/scanned-body.ts';

/** By what stands behind the distribution's name in the names of the samples. `lines` is the table of its lines. */
export function splitDistribution(family: ScannedFamily, lines: SeriesTable): Map<SampleSuffix, ScannedFamily> {
  const segments = new Map<SampleSuffix, Segment[]>();
  for (const { from, to } of family.segments) {
    for (let line = from; line < to; line++) {
      const suffix = suffixAt(lines.body, seriesStart(lines, line) + family.name.length);
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
