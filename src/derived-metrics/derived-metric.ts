/**
 * A derived metric: a series, and how its value is computed from the values of lines of a body.
 */
import type { DerivedMetricName } from '../catalog/index.ts';
import type { BodyLines } from './body-lines.ts';

/** Returns the value of a line of the current body. */
export type ReadLine = (line: number) => number;

export interface DerivedMetric {
  readonly name: DerivedMetricName;
  readonly labels: Readonly<Record<string, string>>;
  /** NaN, an infinity or a value below 0 mean that the value is unknown. */
  readonly compute: (read: ReadLine) => number;
}

export interface DeriveContext {
  readonly lines: BodyLines;
  /** The body is truncated: absent families may have been cut off. */
  readonly isPartial: boolean;
}

/** Returns the metrics that can be derived from the lines of a body. Reads no value. */
export type DeriveMetrics = (context: DeriveContext) => readonly DerivedMetric[];

/** Sums the values of lines. */
export function sumOf(lines: readonly number[]): (read: ReadLine) => number {
  return (read) => {
    let sum = 0;
    for (const line of lines) {
      sum += read(line);
    }
    return sum;
  };
}
