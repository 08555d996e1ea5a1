/**
 * How much one sandbox may send, and how many there may be: the options, each with its reason. What is over a bound costs
 * the sandbox that, or all of its figures where that cannot be told, and nobody else anything.
 */
import type { OptionTable, OptionValues } from '../options/index.ts';

export const sandboxBoundOptions = {
  'max-body-bytes': {
    kind: 'integer',
    default: 4 * 1024 * 1024,
    min: 1024,
    max: 1024 * 1024 * 1024,
    unit: 'bytes',
    // An honest body of 2026 has 55 KiB, and one of 100 CPUs and 100 disks not yet 1 MiB.
    help: 'Longest answer that is taken from a shim',
  },
  'max-samples': {
    kind: 'integer',
    default: 20_000,
    min: 1,
    max: 10_000_000,
    // An honest shim has 850.
    help: 'Most samples of one sandbox; those behind are dropped',
  },
  'max-families': {
    kind: 'integer',
    default: 2000,
    min: 1,
    max: 1_000_000,
    // An honest shim has 130. Families need no samples, so that the bound of those does not hold them.
    help: 'Most families of one sandbox; those behind are dropped',
  },
  'max-labels': {
    kind: 'integer',
    default: 32,
    min: 1,
    max: 256,
    // An honest sample has 3.
    help: 'Most labels of one sample',
  },
  'max-label-value-bytes': {
    kind: 'integer',
    default: 4096,
    min: 1,
    max: 1024 * 1024,
    unit: 'bytes',
    // The longest honest one is the path of a file.
    help: 'Longest value of a label',
  },
  'max-name-bytes': {
    kind: 'integer',
    default: 512,
    min: 16,
    max: 64 * 1024,
    unit: 'bytes',
    // The longest honest one has 56.
    help: 'Longest name of a metric or a label',
  },
  'max-help-bytes': {
    kind: 'integer',
    default: 4096,
    min: 0,
    max: 1024 * 1024,
    unit: 'bytes',
    help: 'Longest HELP text; a family with a longer one is kept without it',
  },
  'share-bytes': {
    kind: 'integer',
    default: 256 * 1024,
    min: 256 * 1024,
    max: 1024 * 1024 * 1024,
    unit: 'bytes',
    // Five times an honest body of 2026.
    help: 'Bytes that each sandbox may send in one scrape, whatever the others send',
  },
  'extra-bytes': {
    kind: 'integer',
    default: 4 * 1024 * 1024,
    min: 0,
    max: 1024 * 1024 * 1024,
    unit: 'bytes',
    help: 'Bytes that all sandboxes together may send in one scrape beyond their shares',
  },
  'share-samples': {
    kind: 'integer',
    default: 5000,
    min: 1,
    max: 10_000_000,
    help: 'Samples that each sandbox may send in one scrape, whatever the others send',
  },
  'extra-samples': {
    kind: 'integer',
    default: 40_000,
    min: 0,
    max: 10_000_000,
    help: 'Samples that all sandboxes together may send in one scrape beyond their shares',
  },
} as const satisfies OptionTable;

export type SandboxBounds = OptionValues<typeof sandboxBoundOptions>;

/** The bounds where nothing else is given. */
export const defaultSandboxBounds: SandboxBounds = {
  maxBodyBytes: sandboxBoundOptions['max-body-bytes'].default,
  maxSamples: sandboxBoundOptions['max-samples'].default,
  maxFamilies: sandboxBoundOptions['max-families'].default,
  maxLabels: sandboxBoundOptions['max-labels'].default,
  maxLabelValueBytes: sandboxBoundOptions['max-label-value-bytes'].default,
  maxNameBytes: sandboxBoundOptions['max-name-bytes'].default,
  maxHelpBytes: sandboxBoundOptions['max-help-bytes'].default,
  shareBytes: sandboxBoundOptions['share-bytes'].default,
  extraBytes: sandboxBoundOptions['extra-bytes'].default,
  shareSamples: sandboxBoundOptions['share-samples'].default,
  extraSamples: sandboxBoundOptions['extra-samples'].default,
};
