/**
 * Vitest reporter, named in vitest.config.ts: at the end of a run it lists every skipped test by name with what may be
 * the reason, makes the run fail for them in CI, and writes the line `N passed, N failed` that .ci/run adds up. Skipped tests
 * whose note says that they are optional are listed separately, and never make a run fail.
 */
import type { Reporter, SerializedError, TestCase, TestModule, TestSuite } from 'vitest/node';
import { OPTIONAL } from './newer-prometheus.ts';
import { knownPackages, missingPackages } from './requirements.ts';

interface Counts {
  passed: number;
  /** Failed tests, and errors outside of any test: in a file, a hook, or at an unknown place. */
  failed: number;
}

function nameOf(test: TestCase): string {
  return `${test.module.relativeModuleId} > ${test.fullName}`;
}

/** Errors of files and suites themselves: one that cannot be imported, a `beforeAll` that throws. */
function countOwnErrors(modules: readonly TestModule[]): number {
  const parts: (TestModule | TestSuite)[] = modules.flatMap((module) => [module, ...module.children.allSuites()]);
  return parts.reduce((count, part) => count + part.errors().length, 0);
}

/** Whether a test was left out because its own file or suite broke down, which is counted as a failure by itself. */
function isBehindAnError(test: TestCase): boolean {
  let part: TestSuite | TestModule = test.parent;
  while (part.type === 'suite' && part.errors().length === 0) {
    part = part.parent;
  }
  return part.errors().length > 0;
}

function listReasons(): string[] {
  const missing = missingPackages(knownPackages);
  const reasons = missing.length > 0 ? [`Debian packages missing here: ${missing.join(' ')}`] : [];
  if (process.getuid?.() !== 0) {
    reasons.push('not run as root');
  }
  return reasons.length > 0 ? reasons : ['no Debian package is missing, see the tests themselves'];
}

function noteOf(test: TestCase): string {
  const result = test.result();
  return (result.state === 'skipped' ? result.note : undefined) ?? '';
}

function reportOptional(skipped: readonly TestCase[]): void {
  const lines = skipped.map((test) => `  SKIPPED ${nameOf(test)} (${noteOf(test)})`);
  process.stdout.write(`\n${[`${skipped.length} OPTIONAL tests were SKIPPED`, ...lines].join('\n')}\n`);
}

function reportSkipped(skipped: readonly TestCase[], isCi: boolean): void {
  const lines = skipped.map((test) => {
    const note = noteOf(test);
    return `  SKIPPED ${nameOf(test)}${note === '' ? '' : ` (${note})`}`;
  });
  const verdict = isCi ? 'in CI this is a failure' : 'this run does not show that the product works';
  const title = `${skipped.length} tests were SKIPPED, ${verdict}. Reason: ${listReasons().join('; ')}`;
  process.stdout.write(`\n${[title, ...lines].join('\n')}\n`);
}

export default class SkippedTestsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const allSkipped = tests.filter((test) => {
      const { state } = test.result();
      return (state === 'skipped' || state === 'pending') && !isBehindAnError(test);
    });
    const optional = allSkipped.filter((test) => noteOf(test).startsWith(OPTIONAL));
    const skipped = allSkipped.filter((test) => !optional.includes(test));
    const isCi = (process.env['CI'] ?? '') !== '' && process.env['CI'] !== 'false';
    const counts: Counts = {
      passed: tests.filter((test) => test.result().state === 'passed').length,
      failed:
        tests.filter((test) => test.result().state === 'failed').length +
        countOwnErrors(modules) +
        unhandledErrors.length,
    };
    if (optional.length > 0) {
      reportOptional(optional);
    }
    if (skipped.length > 0) {
      reportSkipped(skipped, isCi);
      if (isCi) {
        counts.failed += skipped.length;
        process.exitCode = 1;
      }
    }
    process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed\n`);
  }
}
