/**
 * Completes the form of a body that has been scanned.
 */
import {
  type BodyForm,
  countAllSamples,
  INTS_PER_LINE,
  type ScannedFamily,
  type SeriesTable,
  type ValueTable,
} from './scanned-body.ts';

export interface FormParts extends Pick<BodyForm, 'rules' | 'series' | 'families' | 'hasTimestamps'> {
  readonly bucketOrder: readonly number[];
}

/** The form of a body with these values. With faults, no other body can be matched with it as a whole. */
export function makeForm(parts: FormParts, values: ValueTable, hasFaults = false): BodyForm {
  const { series, families, bucketOrder, hasTimestamps } = parts;
  const isTemplate = !hasFaults && !hasTimestamps && hasOnlyHeadsAndLines(series, values, families);
  return {
    ...parts,
    sampleCount: countAllSamples(families),
    bucketOrder: Int32Array.from(bucketOrder),
    valueBytes: isTemplate ? countValueBytes(series.count, values) : undefined,
  };
}

function countValueBytes(lines: number, { offsets }: ValueTable): number {
  let bytes = 0;
  for (let i = 0; i < lines * INTS_PER_LINE; i += INTS_PER_LINE) {
    bytes += offsets[i + 1]! - offsets[i]!;
  }
  return bytes;
}

/** Whether nothing is in the body but heads and lines, one after the other. */
function hasOnlyHeadsAndLines(series: SeriesTable, values: ValueTable, families: readonly ScannedFamily[]): boolean {
  let at = 0;
  let line = 0;
  for (const { head, segments } of families) {
    const segment = segments[0] ?? { from: line, to: line };
    if (head?.start !== at || segments.length > 1 || segment.from !== line) {
      return false;
    }
    at = head.end;
    for (; line < segment.to; line++) {
      if (series.offsets[line * INTS_PER_LINE] !== at) {
        return false;
      }
      at = values.offsets[line * INTS_PER_LINE + 1]! + 1;
    }
  }
  return line === series.count && at === series.body.length;
}
