/**
 * Programs that Debian has no package of, for tests of deploy/: the one on the PATH, or one that Go builds once into the
 * user's cache, which takes some minutes.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildCollector } from './build-collector.ts';
import { findProgram } from './requirements.ts';

const run = promisify(execFile);
const binFolder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kata-metrics/bin');
/** Of one build on a slow machine. */
const BUILD_TIMEOUT_MS = 900_000;

/** For the hook that calls `provideGoProgram`. */
export const goProgramTimeoutMs = BUILD_TIMEOUT_MS + 60_000;

/** By name: what `go install` takes; of the collector, its builder. */
const sources = {
  otelcol: 'go.opentelemetry.io/collector/cmd/builder@v0.165.0',
  helm: 'helm.sh/helm/v3/cmd/helm@v3.19.0',
  'victoria-metrics': 'github.com/VictoriaMetrics/VictoriaMetrics/app/victoria-metrics@v1.136.23',
  kustomize: 'sigs.k8s.io/kustomize/kustomize/v5@v5.7.1',
} as const;

export type GoProgram = keyof typeof sources;

/** The program on the PATH, or the one that is built; undefined if there is none. */
export function findBuilt(name: GoProgram): string | undefined {
  const built = join(binFolder, name);
  return findProgram(name) ?? (existsSync(built) ? built : undefined);
}

function findGo(): string | undefined {
  return findProgram('go') ?? ['/usr/local/go/bin/go'].find((path) => existsSync(path));
}

/** What is missing here for `provideGoProgram`; undefined if nothing is. For `describe.skipIf`. */
export function missingForGoProgram(name: GoProgram): string | undefined {
  return findBuilt(name) === undefined && findGo() === undefined ? `${name}, or Go to build it` : undefined;
}

/** The path of the program. */
export async function provideGoProgram(name: GoProgram): Promise<string> {
  const found = findBuilt(name);
  if (found !== undefined) {
    return found;
  }
  const go = findGo();
  if (go === undefined) {
    throw new Error(`Cannot provide ${name}: ${missingForGoProgram(name)} is missing`);
  }
  process.stderr.write(`Building ${name} with Go, once: ${sources[name]} into ${binFolder}\n`);
  const env = { ...process.env, GOFLAGS: '-mod=mod' };
  if (name === 'otelcol') {
    await buildCollector(go, { path: join(binFolder, name), source: sources.otelcol, timeoutMs: BUILD_TIMEOUT_MS });
    return join(binFolder, name);
  }
  // Made aside: another test file never finds a program that is there in part.
  mkdirSync(binFolder, { recursive: true });
  const scratchPath = mkdtempSync(join(binFolder, 'new-'));
  try {
    await run(go, ['install', sources[name]], { env: { ...env, GOBIN: scratchPath }, timeout: BUILD_TIMEOUT_MS });
    renameSync(join(scratchPath, name), join(binFolder, name));
  } finally {
    rmSync(scratchPath, { recursive: true });
  }
  return join(binFolder, name);
}

export const goPrograms = Object.keys(sources) as readonly GoProgram[];

export function isGoProgram(name: string): name is GoProgram {
  return Object.hasOwn(sources, name);
}
