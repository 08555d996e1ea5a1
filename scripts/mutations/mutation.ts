/**
 * What scripts/mutation-check.ts plants, and the tests that have to find it.
 */

export interface Mutation {
  readonly name: string;
  /** Below src/exposition. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export interface MutationSet {
  readonly mutations: readonly Mutation[];
  readonly tests: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What the output of tests that find a bug contains. */
  readonly evidence: RegExp;
  /** Lines of the tests' output that say what was run. */
  readonly counts: RegExp;
}
