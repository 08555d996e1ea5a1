/**
 * How the tests run: three projects one after the other, the fast ones first (by groupOrder, counted from 1: vitest puts
 * a project of order 0 behind all others where it has one worker). Nothing is tried twice: a test that fails now and then
 * is a defect of the test or of the product.
 */
import { defineConfig } from 'vitest/config';

// Directories and sockets that tests make are those of a node: others may not write to them, whoever runs the tests.
process.umask(0o022);

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: '100%',
    retry: 0,
    // Many start programs, some several, each of which takes seconds on a busy machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Where a test says nothing else: what is polled for may be late on a busy machine.
    expect: { poll: { timeout: 20_000 } },
    reporters: ['default', './test/support/skipped-tests-reporter.ts'],
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      exclude: ['src/proto/gen/**', 'src/runtime-proto/gen/**', 'src/**/*.test.ts'],
      reporter: ['text-summary'],
      reportOnFailure: true,
    },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'web/**/*.test.ts', 'scripts/**/*.test.ts', 'bench/**/*.test.ts'],
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/**/*.test.ts'],
          exclude: ['test/system/**'],
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'system',
          include: ['test/system/**/*.test.ts'],
          // Only what has failed lasts so long: a guest that boots in 7 s needs a minute beside two others.
          testTimeout: 300_000,
          hookTimeout: 300_000,
          expect: { poll: { timeout: 90_000 } },
          // Each of these starts several programs, and most wait for one that needs a core, such as a virtual machine.
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
