/**
 * The real helm, for tests of the chart.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments, stringify } from 'yaml';
import { goProgramTimeoutMs, missingForGoProgram, provideGoProgram } from './go-program.ts';
import type { Manifest } from './kubernetes-schemas.ts';

const run = promisify(execFile);
const chartPath = join(import.meta.dirname, '../../deploy/helm/kata-monitor');
/** One that `go install` has built takes the oldest Kubernetes that it knows for the cluster. */
const kubeVersion = '1.34.0';
/** What is missing here for `provideHelm`; undefined when nothing is. */
export const missingForHelm: string | undefined = missingForGoProgram('helm');

/** The path of helm. Give the hook that calls this a timeout of `helmTimeoutMs`. */
export function provideHelm(): Promise<string> {
  return provideGoProgram('helm');
}

export const helmTimeoutMs = goProgramTimeoutMs;

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
