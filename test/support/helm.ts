/**
 * The real helm, for tests of the chart: the one on the PATH, or one that Go builds once into the user's cache, which takes
 * some minutes. Debian has no package of it.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments, stringify } from 'yaml';
import type { Manifest } from './kubernetes-schemas.ts';
import { findProgram } from './requirements.ts';

const run = promisify(execFile);
const source = 'helm.sh/helm/v3/cmd/helm@v3.19.0';
const binFolder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kata-metrics/bin');
const chartPath = join(import.meta.dirname, '../../deploy/helm/kata-monitor');
/** One that `go install` has built takes the oldest Kubernetes that it knows for the cluster. */
const kubeVersion = '1.34.0';
/** Of one build on a slow machine. */
const BUILD_TIMEOUT_MS = 900_000;

function findHelm(): string | undefined {
  const built = join(binFolder, 'helm');
  return findProgram('helm') ?? (existsSync(built) ? built : undefined);
}

function findGo(): string | undefined {
  return findProgram('go') ?? ['/usr/local/go/bin/go'].find((path) => existsSync(path));
}

/** What is missing here for `provideHelm`; undefined when nothing is. */
export const missingForHelm: string | undefined =
  findHelm() === undefined && findGo() === undefined ? 'helm, or Go to build it' : undefined;

/** The path of helm. Give the hook that calls this a timeout of `helmTimeoutMs`. */
export async function provideHelm(): Promise<string> {
  const found = findHelm();
  if (found !== undefined) {
    return found;
  }
  const go = findGo();
  if (go === undefined) {
    throw new Error(`Cannot provide helm: ${missingForHelm} is missing`);
  }
  process.stderr.write(`Building helm with Go, once: ${source} into ${binFolder}\n`);
  const env = { ...process.env, GOBIN: binFolder, GOFLAGS: '-mod=mod' };
  await run(go, ['install', source], { env, timeout: BUILD_TIMEOUT_MS });
  return join(binFolder, 'helm');
}

export const helmTimeoutMs = BUILD_TIMEOUT_MS + 60_000;

/** The chart's objects with these values over its own, as `helm template` renders them. Rejects with helm's message. */
export async function renderChart(helm: string, values: object, more: readonly string[] = []): Promise<Manifest[]> {
  const args = [
    'template',
    'kata-monitor',
    chartPath,
    '--namespace',
    'kata-monitor',
    '--kube-version',
    kubeVersion,
    '--values',
    '-',
    ...more,
  ];
  const promise = run(helm, args, { maxBuffer: 64 * 1024 * 1024 });
  promise.child.stdin?.end(stringify(values));
  return parseManifests((await promise).stdout);
}

/** What helm says about the chart by itself; rejects when that is a fault. */
export async function lintChart(helm: string): Promise<string> {
  return (await run(helm, ['lint', '--strict', chartPath])).stdout;
}

/** @throws {Error} where the text is no YAML. */
export function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text)
    .map((document) => {
      if ('errors' in document && document.errors.length > 0) {
        throw new Error(`Cannot parse what was rendered: ${document.errors[0]?.message}`);
      }
      return (document as { toJS(): Manifest | null }).toJS();
    })
    .filter((manifest) => manifest !== null);
}
