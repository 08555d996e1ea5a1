/**
 * Bugs in the fast path of the scanner, which its property tests have to find.
 */
import type { Mutation, MutationSet } from './mutation.ts';

const mutations: readonly Mutation[] = [
  {
    name: 'the last byte of a series is not compared',
    file: 'form/match-body.ts',
    from: 'isSameWords(words, at, valueStart, formWords, formStart)',
    to: 'isSameWords(words, at, valueStart - 3, formWords, formStart)',
  },
  {
    name: 'the last byte of a series is not compared, line by line',
    file: 'form/match-lines.ts',
    from: 'isSameWords(this.#words, start, valueStart, this.#form.series.words, formStart)',
    to: 'isSameWords(this.#words, start, valueStart - 3, this.#form.series.words, formStart)',
  },
  {
    name: 'the offset of a value is off by one',
    file: 'form/match-body.ts',
    from: 'offsets[i] = valueTo;',
    to: 'offsets[i] = valueTo + 1;',
  },
  {
    name: 'the offset of a brace is off by one, line by line',
    file: 'form/match-lines.ts',
    from: '~(valueStart - 1) : valueStart - 2, valueEnd)',
    to: '~(valueStart - 1) : valueStart - 1, valueEnd)',
  },
  {
    name: 'the last bytes of a comparison are left out',
    file: 'format/words.ts',
    from: '  for (; at < end; at++) {\n    if (a.getUint8(at)',
    to: '  for (; at < end - 1; at++) {\n    if (a.getUint8(at)',
  },
  {
    name: 'buckets are not looked at again',
    file: 'form/match-body.ts',
    from: 'this.#at === this.#body.length && haveRisingBuckets(this.#values, bucketOrder)',
    to: 'this.#at === this.#body.length && bucketOrder.length >= 0',
  },
  {
    name: 'a body whose families get other names, heads or places is copied as it is',
    file: 'check.ts',
    from: "parts.length === 1 && part?.family === own && prefix === '' && hasSameHead(family, own, form)",
    to: 'parts.length === 1 && part !== undefined && own !== undefined && prefix !== undefined && hasSameHead !== undefined',
  },
  {
    name: 'what was refused of the form is not refused again',
    file: 'check.ts',
    from: 'sampleCount, refused, faults: noFaults.described',
    to: 'sampleCount, refused: new Map(), faults: noFaults.described',
  },
];

export const fastPath: MutationSet = {
  mutations,
  // The properties alone: direct tests of each part would find most of these bugs too.
  tests: ['src/exposition/form/same-form.test.ts', 'src/exposition/same-check.test.ts'],
  env: { KATA_PRINT_PATHS: '1' },
  evidence: /AssertionError|Property failed/,
  counts: /^\{"matchedBodies".*\}$/gm,
};
