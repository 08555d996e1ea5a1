/**
 * `node scripts/mutation-check.ts`: plants one bug after the other in the fast path of the scanner, in a copy of the
 * repository, and expects its tests to fail for each. Prints how often each path is taken, and ends with code 1 when a bug
 * is not found. Run by hand after a change of src/exposition/form or of its tests: it takes less than a minute.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

interface Mutation {
  readonly name: string;
  /** Below src/exposition. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

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

const repository = join(import.meta.dirname, '..');
const left = ['node_modules', '.git', 'dist', 'docs'];
/** The properties alone: direct tests of each part would find most of these bugs too. */
const TESTS = ['src/exposition/form/same-form.test.ts', 'src/exposition/same-check.test.ts'];

const copy = mkdtempSync(join(tmpdir(), 'km-'));
let missed = 0;
try {
  cpSync(repository, copy, { recursive: true, filter: (path) => !left.includes(basename(path)) });
  symlinkSync(join(repository, 'node_modules'), join(copy, 'node_modules'));
  const clean = runTest();
  process.stdout.write(`without a bug: ${clean.isGreen ? 'tests pass' : 'TESTS FAIL'}, ${clean.paths}\n`);
  missed += clean.isGreen ? 0 : 1;
  for (const mutation of mutations) {
    const startMs = performance.now();
    const isFound = plant(mutation, () => !runTest().isGreen);
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
    process.stdout.write(`${isFound ? 'found' : 'MISSED'} after ${seconds} s: ${mutation.name} (${mutation.file})\n`);
    missed += isFound ? 0 : 1;
  }
} finally {
  rmSync(copy, { recursive: true });
}
process.exitCode = missed > 0 ? 1 : 0;

function plant({ file, from, to }: Mutation, run: () => boolean): boolean {
  const path = join(copy, 'src/exposition', file);
  const text = readFileSync(path, 'utf8');
  if (text.split(from).length !== 2) {
    throw new Error(`Cannot plant a bug in ${file}: "${from}" is not there exactly once`);
  }
  writeFileSync(
    path,
    text.replace(from, () => to),
  );
  try {
    return run();
  } finally {
    writeFileSync(path, text);
  }
}

function runTest(): { readonly isGreen: boolean; readonly paths: string } {
  const { status, stdout } = spawnSync('node_modules/.bin/vitest', ['run', ...TESTS], {
    cwd: copy,
    encoding: 'utf8',
    env: { ...process.env, KATA_PRINT_PATHS: '1' },
  });
  return {
    isGreen: status === 0,
    paths: stdout.match(/^\{"matchedBodies".*\}$/gm)?.join(' ') ?? 'no paths were printed',
  };
}
