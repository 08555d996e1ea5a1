/**
 * `node scripts/mutation-check.ts [fast-path|generator]`: plants one bug after the other in a copy of the repository, and
 * expects the tests to fail for each. Ends with code 1 when a bug is not found. Run it by hand:
 *
 * - `fast-path` (the default) after a change of src/exposition/form or of its tests. It prints how often each path is taken.
 *   Takes less than a minute.
 * - `generator` after a change of the checks, or of test/system/readers. Takes some minutes, and needs its Debian packages.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fastPath } from './mutations/fast-path.ts';
import { generator } from './mutations/generator.ts';
import type { Mutation, MutationSet } from './mutations/mutation.ts';

const repository = join(import.meta.dirname, '..');
const left = ['node_modules', '.git', 'dist', 'docs'];
const sets: Readonly<Record<string, MutationSet>> = { 'fast-path': fastPath, generator };

const [setName = 'fast-path'] = process.argv.slice(2);
const set = sets[setName];
if (set === undefined) {
  throw new Error(`Expected one of ${Object.keys(sets).join(', ')}, got "${setName}"`);
}
const { mutations, tests, env, counts, evidence } = set;

const copy = mkdtempSync(join(tmpdir(), 'km-'));
let missed = 0;
try {
  cpSync(repository, copy, { recursive: true, filter: (path) => !left.includes(basename(path)) });
  symlinkSync(join(repository, 'node_modules'), join(copy, 'node_modules'));
  const clean = runTest();
  process.stdout.write(`without a bug: ${clean.isGreen ? 'tests pass' : 'TESTS FAIL'}, ${clean.ran}\n`);
  missed += clean.isGreen ? 0 : 1;
  for (const mutation of mutations) {
    const startMs = performance.now();
    const found = plant(mutation, () => runTest().found);
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
    const verdict = found === undefined ? 'MISSED' : 'found';
    process.stdout.write(`${verdict} after ${seconds} s: ${mutation.name} (${mutation.file})\n  ${found ?? '-'}\n`);
    missed += found === undefined ? 1 : 0;
  }
} finally {
  rmSync(copy, { recursive: true });
}
process.stdout.write(`${mutations.length} bugs, ${missed} not found\n`);
process.exitCode = missed > 0 ? 1 : 0;

function plant<T>({ file, from, to }: Mutation, run: () => T): T {
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

interface TestRun {
  readonly isGreen: boolean;
  /** What the tests ran. */
  readonly ran: string;
  /** The line that shows that they failed because of a bug. */
  readonly found: string | undefined;
}

function runTest(): TestRun {
  const { status, stdout, stderr } = spawnSync('node_modules/.bin/vitest', ['run', ...tests], {
    cwd: copy,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
    env: { ...process.env, ...env, NO_COLOR: '1' },
  });
  const output = `${stdout}${stderr}`;
  return {
    isGreen: status === 0,
    ran: output.match(counts)?.join(' ').trim() ?? 'no counts were printed',
    found: status === 0 ? undefined : evidence.exec(output)?.[0],
  };
}
