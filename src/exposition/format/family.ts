/**
 * Families as objects, for programs that encode their own metrics. Foreign bodies never take this form on the hot path; they
 * remain bytes.
 */

/** `unknown` is what OpenMetrics calls it and the text format 0.0.4 calls `untyped`. */
export type FamilyType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'unknown';

/** The suffix of the name of a sample after the name of its family. */
export type SampleSuffix = '' | '_bucket' | '_count' | '_sum';

/** Whether the family consists of several series that belong together. */
export function isDistribution(type: FamilyType | undefined): type is 'histogram' | 'summary' {
  return type === 'histogram' || type === 'summary';
}

export interface Sample {
  /** Default: none. */
  readonly suffix?: SampleSuffix;
  /** Label values by name, in their order of output. */
  readonly labels: Readonly<Record<string, string>>;
  /** A string is digits that are passed on as they are, so that 64-bit counters of the kernel keep all of theirs. */
  readonly value: number | bigint | string;
}

export interface MetricFamily {
  readonly name: string;
  readonly type: FamilyType;
  readonly help: string;
  readonly samples: readonly Sample[];
}
