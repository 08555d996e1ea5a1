/**
 * A newer Prometheus than Debian's, for tests of readers: the program in KATA_TEST_PROMETHEUS, or the one that
 * `node scripts/build-prometheus.ts` has built into the user's cache. Tests that need it are optional: they call
 * `skipWithoutNewerPrometheus`, so that a run without it lists them and does not fail, in CI either.
 */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The module's version of Prometheus 3.16.0. */
export const NEWER_PROMETHEUS_SOURCE = 'github.com/prometheus/prometheus/cmd/prometheus@v0.316.0';

/** Outside of the clone, and kept between runs. */
export const binFolder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kata-metrics/bin');

export const newerPrometheus = [process.env['KATA_TEST_PROMETHEUS'] ?? '', join(binFolder, 'prometheus')].find(
  (path) => path !== '' && existsSync(path),
);

/** Begins the note of a skipped test that the reporter lists, and does not count as failed in CI. */
export const OPTIONAL = 'optional: ';

/** `skip` of a test's context. */
export function skipWithoutNewerPrometheus(skip: (condition: boolean, note: string) => void): void {
  skip(
    newerPrometheus === undefined,
    `${OPTIONAL}no newer Prometheus; node scripts/build-prometheus.ts builds it with Go`,
  );
}
