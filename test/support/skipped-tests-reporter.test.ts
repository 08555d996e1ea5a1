import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const rootPath = join(import.meta.dirname, '../..');
const vitestPath = join(rootPath, 'node_modules/.bin/vitest');
const reporterPath = join(import.meta.dirname, 'skipped-tests-reporter.ts');

const passing = "it('passes', () => {});";
const leftOut = "describe.skipIf(true)('left out', () => { it('never runs', () => {}); });";
const optional = "it('is optional', ({ skip }) => { skip(true, 'optional: no program'); });";
const failing = "it('fails', () => { throw new Error('on purpose'); });";
const brokenHook =
  "describe('hook', () => { beforeAll(() => { throw new Error('broken'); }); it('behind', () => {}); });";
const brokenFile = "throw new Error('broken file');";

let folderPath = '';

beforeAll(async () => {
  folderPath = await mkdtemp(join(tmpdir(), 'reporter-'));
});

afterAll(async () => {
  await rm(folderPath, { recursive: true });
});

/** Runs vitest over one file of these statements, apart from the configuration of this repository. */
async function runVitest(isCi: boolean, ...statements: string[]): Promise<{ exitCode: unknown; lines: string[] }> {
  await writeFile(join(folderPath, 'a.test.mjs'), statements.join('\n'));
  const flags = ['run', '--root', folderPath, '--globals', '--reporter', reporterPath];
  const env = { ...process.env, CI: isCi ? 'true' : '', VITEST: undefined, NODE_OPTIONS: undefined };
  return new Promise((resolve) => {
    execFile(vitestPath, flags, { env }, (error, stdout) => {
      resolve({ exitCode: error === null ? 0 : error.code, lines: stdout.split('\n').filter((line) => line !== '') });
    });
  });
}

describe('the last line and the exit code', () => {
  it.each([
    ['a test that passes', false, [passing], '1 passed, 0 failed', 0],
    ['a test that fails', false, [passing, failing], '1 passed, 1 failed', 1],
    ['a skipped test', false, [passing, leftOut], '1 passed, 0 failed', 0],
    ['a skipped test in CI', true, [passing, leftOut], '1 passed, 1 failed', 1],
    ['an optional test in CI', true, [passing, optional], '1 passed, 0 failed', 0],
    ['an optional test beside a skipped one in CI', true, [passing, optional, leftOut], '1 passed, 1 failed', 1],
    ['a hook that fails', false, [passing, brokenHook], '1 passed, 1 failed', 1],
    ['a hook that fails in CI', true, [passing, brokenHook], '1 passed, 1 failed', 1],
    ['a file that cannot be loaded', false, [passing, brokenFile], '0 passed, 1 failed', 1],
  ])('of %s', async (_name, isCi, statements, lastLine, exitCode) => {
    const outcome = await runVitest(isCi, ...statements);
    expect(outcome.lines.at(-1)).toBe(lastLine);
    expect(outcome.exitCode).toBe(exitCode);
  });
});

describe('skipped tests', () => {
  it('are listed by name', async () => {
    const { lines } = await runVitest(false, passing, leftOut);
    expect(lines).toContainEqual(expect.stringMatching(/^1 tests were SKIPPED, .* Reason: \S/));
    expect(lines).toContain('  SKIPPED a.test.mjs > left out > never runs');
  });

  it('are listed separately if they are optional, with what they need', async () => {
    const { lines } = await runVitest(true, passing, optional);
    expect(lines).toContain('1 OPTIONAL tests were SKIPPED');
    expect(lines).toContain('  SKIPPED a.test.mjs > is optional (optional: no program)');
    expect(lines.filter((line) => line.includes('in CI this is a failure'))).toEqual([]);
  });

  it('are not those after a hook that failed', async () => {
    const { lines } = await runVitest(true, passing, brokenHook);
    expect(lines.filter((line) => line.includes('SKIPPED'))).toEqual([]);
  });
});
