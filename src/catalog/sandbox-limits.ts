/**
 * The limits for what one sandbox may send, one row each. The row defines the flag of kata-monitor, what is dropped over
 * the limit, and with which reason. The table in docs/profiles.md is generated from it. The scanner applies the limits
 * that `limitFaults` of exposition/format/fault.ts names.
 */

export interface SandboxLimit {
  readonly kind: 'integer';
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly unit?: 'bytes';
  /** One or more sentences, without the last full stop. */
  readonly help: string;
  /** Value of the label `reason`. */
  readonly reason: string;
  /** Meaning of the reason, if only this limit has it. */
  readonly meaning?: string;
  /** What is missing in the response if the limit is exceeded. */
  readonly lost: string;
}

/** The limits by the name of their flag. */
export const sandboxLimits = {
  'max-body-bytes': {
    kind: 'integer',
    default: 4 * 1024 * 1024,
    min: 1024,
    max: 1024 * 1024 * 1024,
    unit: 'bytes',
    // A usual body of 2026 has 55 KiB, and one of 100 CPUs and 100 disks less than 1 MiB.
    help: 'Maximum size of the response of a shim',
    reason: 'too_large',
    meaning:
      'The response of the shim is longer than `--max-body-bytes`. Families that were complete before the limit are kept.',
    lost: 'families that are not complete before the limit; the connection is closed at once, and `kata_sandbox_up` is 0',
  },
  'max-samples': {
    kind: 'integer',
    default: 20_000,
    min: 1,
    max: 10_000_000,
    // A usual shim has 850.
    help: 'Maximum number of samples of one sandbox. Further samples are dropped',
    reason: 'too_many_samples',
    meaning: 'The sandbox sent more samples than `--max-samples`.',
    lost: 'the further samples',
  },
  'max-families': {
    kind: 'integer',
    default: 2000,
    min: 1,
    max: 1_000_000,
    // A usual shim has 130. Families may have no samples, so --max-samples does not limit them.
    help: 'Maximum number of families of one sandbox. Further families are dropped',
    reason: 'too_many_families',
    meaning: 'The sandbox sent more families than `--max-families`.',
    lost: 'the further families',
  },
  'max-labels': {
    kind: 'integer',
    default: 32,
    min: 1,
    max: 256,
    // A usual sample has 3.
    help: 'Maximum number of labels of one sample',
    reason: 'too_many_labels',
    meaning: 'A sample has more labels than `--max-labels`.',
    lost: 'the sample',
  },
  'max-label-value-bytes': {
    kind: 'integer',
    default: 4096,
    min: 1,
    max: 1024 * 1024,
    unit: 'bytes',
    // The longest usual one is the path of a file.
    help: 'Maximum length of a label value',
    reason: 'label_value_too_long',
    meaning: 'A label value is longer than `--max-label-value-bytes`.',
    lost: 'the sample',
  },
  'max-name-bytes': {
    kind: 'integer',
    default: 512,
    min: 16,
    max: 64 * 1024,
    unit: 'bytes',
    // The longest usual one has 56.
    help: 'Maximum length of a metric or label name',
    reason: 'name_too_long',
    meaning: 'The name of a metric or a label is longer than `--max-name-bytes`.',
    lost: 'the sample, or the HELP or TYPE line',
  },
  'max-help-bytes': {
    kind: 'integer',
    default: 4096,
    min: 0,
    max: 1024 * 1024,
    unit: 'bytes',
    help: 'Maximum length of a HELP text. A family with a longer one is kept without HELP',
    reason: 'help_too_long',
    meaning: 'A HELP text is longer than `--max-help-bytes`. The family is kept without it.',
    lost: 'the HELP text',
  },
  'share-bytes': {
    kind: 'integer',
    default: 256 * 1024,
    min: 256 * 1024,
    max: 1024 * 1024 * 1024,
    unit: 'bytes',
    // Five times a usual body of 2026.
    help: 'Size of the response that is guaranteed to each sandbox in one scrape, regardless of the others',
    reason: 'over_budget',
    lost: 'the families after the share, and after its part of `--extra-bytes`',
  },
  'extra-bytes': {
    kind: 'integer',
    default: 4 * 1024 * 1024,
    min: 0,
    max: 1024 * 1024 * 1024,
    unit: 'bytes',
    help: 'Bytes that all sandboxes together may send in one scrape in addition to their shares',
    reason: 'over_budget',
    lost: 'the families after the share and its part of this',
  },
  'share-samples': {
    kind: 'integer',
    default: 5000,
    min: 1,
    max: 10_000_000,
    help: 'Number of samples that is guaranteed to each sandbox in one scrape, regardless of the others',
    reason: 'over_budget',
    lost: 'the first family that does not fit, and those after it',
  },
  'extra-samples': {
    kind: 'integer',
    default: 40_000,
    min: 0,
    max: 10_000_000,
    help: 'Samples that all sandboxes together may send in one scrape in addition to their shares',
    reason: 'over_budget',
    lost: 'the first family that does not fit, and those after it',
  },
} as const satisfies Readonly<Record<string, SandboxLimit>>;

type LimitWithMeaning = Extract<(typeof sandboxLimits)[keyof typeof sandboxLimits], { readonly meaning: string }>;

/** The reasons that only one limit has, with their meaning. */
export const limitReasons = Object.fromEntries(
  Object.values(sandboxLimits).flatMap((limit) => ('meaning' in limit ? [[limit.reason, limit.meaning]] : [])),
) as Readonly<Record<LimitWithMeaning['reason'], string>>;
