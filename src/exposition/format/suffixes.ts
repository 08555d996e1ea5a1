/**
 * The suffixes of sample names after the name of the family: the rules of text 0.0.4 and of OpenMetrics, for the scanner
 * and all writers.
 */
import type { FamilyType, SampleSuffix } from './family.ts';

/** Suffixes of the sample names of a histogram or a summary. */
export const distributionSuffixes = ['_bucket', '_count', '_sum'] as const satisfies readonly SampleSuffix[];

/** Suffixes of the sample names of a family, by its type. */
export const sampleSuffixes: Readonly<Record<FamilyType, readonly SampleSuffix[]>> = {
  counter: [''],
  gauge: [''],
  unknown: [''],
  histogram: distributionSuffixes,
  summary: ['', '_count', '_sum'],
};

/** Suffix that readers of OpenMetrics reserve for a family, in addition to those of its samples. */
export const CREATED = '_created';
export const TOTAL = '_total';

/** The name that a counter has in its TYPE line in OpenMetrics, and its samples without their suffix. */
export function baseOfCounter(name: string): string {
  return name.slice(0, -TOTAL.length);
}

/** Whether a sample called family name + `suffix` can be in a family of that type. */
export function canHaveSuffix(type: FamilyType | undefined, suffix: string): boolean {
  const suffixes: readonly string[] = sampleSuffixes[type ?? 'unknown'];
  return suffixes.includes(suffix);
}

const endsWithSuffix = new RegExp(`(?:${distributionSuffixes.join('|')})$`);

/** Splits `foo_bucket` into `foo` and `_bucket`; undefined for a name that has no such end. */
export function splitSuffix(sampleName: string): { readonly name: string; readonly suffix: string } | undefined {
  const suffix = endsWithSuffix.exec(sampleName);
  return suffix === null ? undefined : { name: sampleName.slice(0, suffix.index), suffix: suffix[0] };
}

const UNDERSCORE = 95;
/** The letter after the underscore tells which it is: the scanner lets no other suffix into a distribution. */
const suffixByLetter: Readonly<Record<number, SampleSuffix>> = Object.fromEntries(
  distributionSuffixes.map((suffix) => [suffix.charCodeAt(1), suffix]),
);

/** The suffix of a sample of a distribution; `nameEnd` is where the distribution's own name ends in `bytes`. */
export function suffixAt(bytes: Uint8Array, nameEnd: number): SampleSuffix {
  return bytes[nameEnd] === UNDERSCORE ? (suffixByLetter[bytes[nameEnd + 1]!] ?? '') : '';
}
