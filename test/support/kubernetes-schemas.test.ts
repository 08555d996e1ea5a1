import { describe, expect, it } from 'vitest';
import { findManifestFaults, type Manifest } from './kubernetes-schemas.ts';

function daemonSet(container: object): Manifest {
  const labels = { app: 'a' };
  const containers = [{ name: 'a', image: 'b', ...container }];
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'a' },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
  };
}

const monitor = (endpoint: object): Manifest => ({
  apiVersion: 'monitoring.coreos.com/v1',
  kind: 'PodMonitor',
  metadata: { name: 'a' },
  spec: { selector: { matchLabels: { app: 'a' } }, podMetricsEndpoints: [endpoint] },
});

describe('findManifestFaults', () => {
  it.each<[string, Manifest, RegExp | undefined]>([
    ['a good DaemonSet', daemonSet({ ports: [{ containerPort: 1, name: 'x' }] }), undefined],
    ['a wrong type', daemonSet({ ports: [{ containerPort: 'x' }] }), /containerPort must be integer/],
    ['a misspelled field', daemonSet({ securityContext: { readOnlyRootFilesytem: true } }), /readOnlyRootFilesytem/],
    ['a field in the wrong place', daemonSet({ nodeSelector: { a: 'b' } }), /nodeSelector does not exist/],
    ['a field with a map', daemonSet({ resources: { limits: { memory: '1Mi' } } }), undefined],
    ['a good PodMonitor', monitor({ port: 'metrics', relabelings: [{ action: 'labeldrop', regex: 'a' }] }), undefined],
    ['an unknown action', monitor({ relabelings: [{ action: 'labeldorp' }] }), /action/],
    ['an unknown field of an endpoint', monitor({ intervall: '1s' }), /intervall does not exist/],
    ['an unknown kind', { apiVersion: 'v2', kind: 'Thing', metadata: { name: 'a' } }, /no schema of v2 Thing/],
  ])('%s', (_name, manifest, fault) => {
    const faults = findManifestFaults(manifest).join('\n');
    expect(faults).toMatch(fault ?? /^$/);
  });
});
