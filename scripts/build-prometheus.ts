/**
 * `node scripts/build-prometheus.ts`: builds the newer Prometheus of test/system/readers with Go, from the Go module proxy, into
 * the user's cache, once. Not part of a test run, because it takes minutes: 3 on two idle cores if Go has built its packages
 * before, longer otherwise. Without service discovery, which is most of the program.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { binFolder, NEWER_PROMETHEUS_SOURCE, newerPrometheus } from '../test/support/newer-prometheus.ts';
import { findProgram } from '../test/support/requirements.ts';

const go = findProgram('go') ?? ['/usr/local/go/bin/go'].find((path) => existsSync(path));

if (newerPrometheus !== undefined) {
  process.stdout.write(`Already there: ${newerPrometheus}\n`);
} else if (go === undefined) {
  process.stderr.write('Cannot build Prometheus: Go is not installed\n');
  process.exitCode = 1;
} else {
  process.stdout.write(`Building ${NEWER_PROMETHEUS_SOURCE} into ${binFolder} ...\n`);
  const env = { ...process.env, GOBIN: binFolder, GOFLAGS: '-mod=mod' };
  const { status } = spawnSync(go, ['install', '-tags', 'netgo,remove_all_sd', NEWER_PROMETHEUS_SOURCE], {
    env,
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
}
