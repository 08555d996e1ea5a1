/**
 * How much one sandbox may send: a row for each limit. The row is the flag of kata-monitor, and says what goes missing
 * over the limit and under which reason. The table in docs/profiles.md is generated from it; the scanner applies the
 * limits that `limitFaults` of exposition/format/fault.ts names.
 */

export interface SandboxLimit {
  readonly kind: 'integer';
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly unit?: 'bytes';
  /** One sentence without a full stop. */
  readonly help: string;
  /** Value of the label `reason`. */
  readonly reason: string;
  /** What the reason means, where it stands for nothing but this limit. */
  readonly meaning?: string;
  /** What of the sandbox is not in the response. */
  readonly lost: string;
}

/** By the name of the flag. */
export const sandboxLimits = {
  'max-body-bytes': {
    kind: 'integer',
    default: 4 * 1024 * 1024,
    min: 1024,
    max: 1024 * 1024 * 1024,
    unit: 'bytes',
    // An honest body of 2026 has 55 KiB, and one of 100 CPUs and 100 disks not yet 1 MiB.
    help: 'Longest answer that is taken from a shim',
    reason: 'too_large',
    meaning: 'The answer is longer than `--max-body-bytes`. Families that were whole before the bound are kept.',
    lost: 'families that are not whole before the bound; the connection is closed at once, and `kata_sandbox_up` is 0',
  },
  'max-samples': {
    kind: 'integer',
    default: 20_000,
    min: 1,
    max: 10_000_000,
    // An honest shim has 850.
    help: 'Most samples of one sandbox; those behind are dropped',
    reason: 'too_many_samples',
    meaning: 'The sample is over `--max-samples` of one sandbox.',
    lost: 'the samples behind',
  },
  'max-families': {
    kind: 'integer',
    default: 2000,
    min: 1,
    max: 1_000_000,
    // An honest shim has 130. Families need no samples, so that the bound of those does not hold them.
    help: 'Most families of one sandbox; those behind are dropped',
    reason: 'too_many_families',
    meaning: 'The line belongs to a family over `--max-families` of one sandbox.',
    lost: 'the families behind',
  },
  'max-labels': {
    kind: 'integer',
    default: 32,
    min: 1,
    max: 256,
    // An honest sample has 3.
    help: 'Most labels of one sample',
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
    // The longest honest one is the path of a file.
    help: 'Longest value of a label',
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
    // The longest honest one has 56.
    help: 'Longest name of a metric or a label',
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
    help: 'Longest HELP text; a family with a longer one is kept without it',
    reason: 'help_too_long',
    meaning: 'A HELP text is longer than `--max-help-bytes`; the family is kept without it.',
    lost: 'the HELP text',
  },
  'share-bytes': {
    kind: 'integer',
    default: 256 * 1024,
    min: 256 * 1024,
    max: 1024 * 1024 * 1024,
    unit: 'bytes',
    // Five times an honest body of 2026.
    help: 'Bytes that each sandbox may send in one scrape, whatever the others send',
    reason: 'over_budget',
    lost: 'the families after the share, and after its part of `--extra-bytes`',
  },
  'extra-bytes': {
    kind: 'integer',
    default: 4 * 1024 * 1024,
    min: 0,
    max: 1024 * 1024 * 1024,
    unit: 'bytes',
    help: 'Bytes that all sandboxes together may send in one scrape beyond their shares',
    reason: 'over_budget',
    lost: 'the families after the share and its part of this',
  },
  'share-samples': {
    kind: 'integer',
    default: 5000,
    min: 1,
    max: 10_000_000,
    help: 'Samples that each sandbox may send in one scrape, whatever the others send',
    reason: 'over_budget',
    lost: 'the first family that does not fit, and those after it',
  },
  'extra-samples': {
    kind: 'integer',
    default: 40_000,
    min: 0,
    max: 10_000_000,
    help: 'Samples that all sandboxes together may send in one scrape beyond their shares',
    reason: 'over_budget',
    lost: 'the first family that does not fit, and those after it',
  },
} as const satisfies Readonly<Record<string, SandboxLimit>>;

type LimitWithMeaning = Extract<(typeof sandboxLimits)[keyof typeof sandboxLimits], { readonly meaning: string }>;

/** The reasons that stand for one limit each, with their meaning. */
export const limitReasons = Object.fromEntries(
  Object.values(sandboxLimits).flatMap((limit) => ('meaning' in limit ? [[limit.reason, limit.meaning]] : [])),
) as Readonly<Record<LimitWithMeaning['reason'], string>>;
