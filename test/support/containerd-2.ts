/**
 * containerd 2, which Debian 12 does not have: built once from Go's module proxy into the user's cache, for system tests on
 * machines with Go.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from './requirements.ts';

const VERSION = 'v2.3.4';
const PROGRAMS = ['containerd', 'ctr'] as const;
/** What needs headers of C libraries. */
const TAGS = 'no_btrfs no_zfs no_aufs no_devmapper';
const BUILD_TIMEOUT_MS = 20 * 60_000;

const run = promisify(execFile);

/** Of the cache of a build. */
function folderPath(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'kata-metrics', `containerd-${VERSION}`);
}

/** What is missing to have it here; empty when it is there or can be built. */
export function missingForContainerd2(): string[] {
  const isBuilt = PROGRAMS.every((name) => existsSync(join(folderPath(), name)));
  const hasGo = findProgram('go') !== undefined || existsSync('/usr/local/go/bin/go');
  return isBuilt || hasGo ? [] : [`Go, for containerd ${VERSION}`];
}

/** The folder of its programs. Takes minutes the first time. */
export async function provideContainerd2(): Promise<string> {
  const path = folderPath();
  if (!PROGRAMS.every((name) => existsSync(join(path, name)))) {
    mkdirSync(path, { recursive: true });
    const packages = PROGRAMS.map((name) => `github.com/containerd/containerd/v2/cmd/${name}@${VERSION}`);
    const env = { ...process.env, GOBIN: path, CGO_ENABLED: '0', GOFLAGS: '-mod=mod' };
    const go = findProgram('go') ?? '/usr/local/go/bin/go';
    await run(go, ['install', '-tags', TAGS, ...packages], { env, timeout: BUILD_TIMEOUT_MS, maxBuffer: 2 ** 26 });
  }
  return path;
}
