/**
 * The faults that a body can have, one word for each, and their positions. The scanner and the checker report faults, and
 * never throw because of the content of a foreign body.
 */

/** The line cannot be read, or the family as a whole makes no sense: the family is not passed on. */
export const syntaxFaults = [
  'bad_comment',
  'bad_escape',
  'bad_histogram',
  'bad_label_name',
  'bad_metric_name',
  'bad_summary',
  'bad_timestamp',
  'bad_type',
  'bad_value',
  'duplicate_label',
  'invalid_utf8',
  'truncated',
  'unterminated_label_value',
  'wrong_sample_name',
] as const;

/** The fault of exceeding a limit, by the name of the limit in `ScanRules`. */
export const limitFaults = {
  maxFamilies: 'too_many_families',
  /** Limit of one HELP text, as it is in the body. */
  maxHelpBytes: 'help_too_long',
  maxLabels: 'too_many_labels',
  maxLabelValueBytes: 'label_value_too_long',
  /** Limit of the name of a metric or a label. */
  maxNameBytes: 'name_too_long',
  maxSamples: 'too_many_samples',
} as const;

/** Each limit of a body. Default: no limit. */
export type ScanLimits = { readonly [L in keyof typeof limitFaults]?: number };

/** The line can be read but breaks a rule: only that line is not passed on. */
export const ruleFaults = ['duplicate_series', 'reserved_label', 'utf8_name', ...Object.values(limitFaults)] as const;

export type SyntaxFault = (typeof syntaxFaults)[number];
export type RuleFault = (typeof ruleFaults)[number];
export type FaultReason = SyntaxFault | RuleFault;

export interface Fault {
  readonly reason: FaultReason;
  /** Number of the line, from 1. */
  readonly line: number;
  /** Column in bytes, from 1. */
  readonly column: number;
  /** The family that it costs something, where the line told. */
  readonly family?: string;
}

/** Describes a fault in one line, for a log or an error message. */
export function describeFault(fault: Fault): string {
  const family = fault.family === undefined ? '' : ` in family "${fault.family}"`;
  return `line ${fault.line}, column ${fault.column}: ${fault.reason}${family}`;
}
