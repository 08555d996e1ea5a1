/**
 * deploy/kustomize, built by the real kustomize as `kubectl apply -k` does: each folder, with the component for
 * prometheus-operator and with a registry's image. Each object fits its schema. And deploy/kata-deploy: the values that the
 * chart of Kata Containers reads for its monitor.
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { parseOptions } from '../../src/options/index.ts';
import { monitorOptionTable } from '../../src/settings/monitor.ts';
import { goProgramTimeoutMs, missingForGoProgram, provideGoProgram } from '../support/go-program.ts';
import { parseManifests } from '../support/helm.ts';
import { findManifestFaults, type Manifest } from '../support/kubernetes-schemas.ts';

const run = promisify(execFile);
const deploy = join(import.meta.dirname, '../../deploy');
const component = 'prometheus-operator';
const folders = readdirSync(join(deploy, 'kustomize')).filter((name) => name !== component);
const missing = missingForGoProgram('kustomize');

describe.skipIf(missing !== undefined)(`kustomize (needs ${missing ?? 'nothing more'})`, () => {
  let kustomize = '';
  let copy = '';

  beforeAll(async () => {
    kustomize = await provideGoProgram('kustomize');
    copy = mkdtempSync(join(tmpdir(), 'kustomize-'));
    cpSync(join(deploy, 'kustomize'), copy, { recursive: true });
  }, goProgramTimeoutMs);

  afterAll(() => rmSync(copy, { recursive: true }));

  async function build(folder: string): Promise<Manifest[]> {
    return parseManifests((await run(kustomize, ['build', folder])).stdout);
  }

  it.each(folders)('builds %s: one namespace, and each object in it is good for its schema', async (folder) => {
    const manifests = await build(join(deploy, 'kustomize', folder));
    const others = folder === 'openshift' ? ['SecurityContextConstraints'] : [];
    expect(manifests.map(({ kind }) => kind).sort()).toEqual(
      ['DaemonSet', 'Namespace', 'ServiceAccount', ...others].sort(),
    );
    expect(manifests.flatMap(findManifestFaults)).toEqual([]);
    const namespaces = manifests.filter(({ kind }) => !others.includes(kind) && kind !== 'Namespace');
    expect(new Set(namespaces.map(({ metadata }) => metadata.namespace))).toEqual(new Set(['kata-monitor']));
  });

  it.each(folders)('%s takes the component and the image of a registry, as its comments say', async (folder) => {
    const path = join(copy, folder, 'kustomization.yaml');
    const uncommented = readFileSync(path, 'utf8')
      .replace('# components:', 'components:')
      .replace('# images:\n#   - name: kata-monitor\n#     newName:', 'images:\n  - name: kata-monitor\n    newName:');
    writeFileSync(path, uncommented);
    const manifests = await build(join(copy, folder));
    expect(manifests.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['PodMonitor', 'PrometheusRule']));
    expect(manifests.flatMap(findManifestFaults)).toEqual([]);
    expect(stringify(manifests)).toMatch(/image: registry\.example\/kata-monitor:\d/);
  });
});

describe('deploy/kata-deploy/monitor.values.yaml', () => {
  interface MonitorValues {
    readonly enabled: boolean;
    readonly image: { readonly reference: string; readonly tag: string };
    readonly listenAddress: string;
    readonly logLevel: string;
    readonly port: number;
    readonly resources: object;
    readonly runtimeEndpoint: string;
    readonly securityContext: object;
  }

  const { monitor, ...others } = parse(readFileSync(join(deploy, 'kata-deploy/monitor.values.yaml'), 'utf8')) as {
    monitor: MonitorValues;
  };

  /** Those that templates/kata-monitor.yaml of the chart kata-deploy reads (read in its repository in November 2026). */
  it('has values that the chart reads, and no others', () => {
    expect(others).toEqual({});
    expect(Object.keys(monitor).sort()).toEqual([
      ...['enabled', 'image', 'listenAddress', 'logLevel', 'port', 'resources', 'runtimeEndpoint', 'securityContext'],
    ]);
    expect(Object.keys(monitor.image).sort()).toEqual(['reference', 'tag']);
  });

  it('starts this monitor with options that it knows, on the port that the chart declares', () => {
    const { listenAddress, logLevel, runtimeEndpoint, port } = monitor;
    const args = [`-listen-address=${listenAddress}`, `-log-level=${logLevel}`, `-runtime-endpoint=${runtimeEndpoint}`];
    expect(parseOptions(monitorOptionTable, args)).toMatchObject({ kind: 'values', values: { listenAddress } });
    expect(listenAddress.endsWith(`:${port}`)).toBe(true);
  });

  it('has a security context and resources that are good in a DaemonSet', () => {
    const labels = { app: 'kata-monitor' };
    const { image, resources, securityContext } = monitor;
    const container = {
      name: 'kata-monitor',
      image: `${image.reference}:${image.tag}`,
      resources,
      securityContext,
    };
    const template = { metadata: { labels }, spec: { containers: [container] } };
    const spec = { selector: { matchLabels: labels }, template };
    const manifest = { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'kata-monitor' }, spec };
    expect(findManifestFaults(manifest)).toEqual([]);
  });
});
