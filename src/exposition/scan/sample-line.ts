/**
 * Splits one line of a scanned body into its parts, for everything except the hot path: protobuf, checks, people.
 */
import { OFFSETS_PER_PAIR, splitLabels, unescapeLabelValue } from './label-pairs.ts';
import { insertAtOf, type Scan, seriesText, valueText } from './scanned-body.ts';

export interface SampleLine {
  readonly name: string;
  /** Unescaped, in the order of the line. */
  readonly labels: readonly (readonly [name: string, value: string])[];
  /** The value in its canonical spelling. */
  readonly value: string;
  /** Milliseconds since 1970, as digits. */
  readonly timestampMs: string | undefined;
}

/** Line `line` of a scan, by its number in the tables of the scan. */
export function readSampleLine({ form, values }: Scan, line: number): SampleLine {
  const series = seriesText(form.series, line);
  const tail = readTail(valueText(values, line));
  const brace = insertAtOf(form.series, line) < 0 ? -1 : series.indexOf('{');
  return brace < 0
    ? { name: series, labels: [], ...tail }
    : { name: series.slice(0, brace), labels: parseLabels(series, brace + 1), ...tail };
}

/** Label pairs as the scanner has accepted them: `a="1",b="2"`. */
function parseLabels(series: string, from: number): (readonly [string, string])[] {
  const offsets = splitLabels(series, from);
  const labels: (readonly [string, string])[] = [];
  for (let i = 0; i < offsets.length; i += OFFSETS_PER_PAIR) {
    const value = unescapeLabelValue(series.slice(offsets[i + 2], offsets[i + 3]));
    labels.push([series.slice(offsets[i], offsets[i + 1]), value]);
  }
  return labels;
}

function readTail(tail: string): { value: string; timestampMs: string | undefined } {
  const blank = tail.indexOf(' ');
  return blank < 0
    ? { value: tail, timestampMs: undefined }
    : { value: tail.slice(0, blank), timestampMs: tail.slice(blank + 1) };
}
