/**
 * Reads one line of a line table into its parts. For everything that is not the hot path: protobuf, checks, people.
 */
import type { LineTable } from './line-table.ts';

export interface SampleLine {
  readonly name: string;
  /** Unescaped, in the order of the line. */
  readonly labels: readonly (readonly [name: string, value: string])[];
  /** The value in its canonical spelling. */
  readonly value: string;
  /** Milliseconds since 1970, as digits. */
  readonly timestampMs: string | undefined;
}

export function readSampleLine(lines: LineTable, line: number): SampleLine {
  const series = lines.seriesTextOf(line);
  const tail = readTail(lines.valueTextOf(line));
  const brace = lines.insertAtOf(line) < 0 ? -1 : series.indexOf('{');
  return brace < 0
    ? { name: series, labels: [], ...tail }
    : { name: series.slice(0, brace), labels: parseLabels(series.slice(brace + 1)), ...tail };
}

/** Label pairs as the scanner has accepted them: `a="1",b="2"`. */
function parseLabels(text: string): (readonly [string, string])[] {
  const pairs = text.matchAll(/([a-zA-Z0-9_]+)="((?:\\.|[^"\\])*)"/g);
  return Array.from(pairs, ([, name = '', value = '']) => [name, unescapeValue(value)] as const);
}

function unescapeValue(value: string): string {
  return value.includes('\\') ? value.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c)) : value;
}

function readTail(tail: string): { value: string; timestampMs: string | undefined } {
  const [value = '', timestampMs] = tail.split(' ');
  return { value, timestampMs };
}
