/**
 * The chart deploy/helm/kata-monitor, rendered by the real helm over a matrix of values: each object fits the schemas of
 * Kubernetes and prometheus-operator, and contains what the values require. The manifests of deploy/kustomize are its output
 * (`KATA_WRITE_MANIFESTS=1 npm test -- test/system/helm.test.ts` writes them).
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { alerts } from '../../scripts/monitoring/alerts.ts';
import { parseOptions } from '../../src/options/index.ts';
import { monitorOptionTable } from '../../src/settings/monitor.ts';
import { helmTimeoutMs, lintChart, missingForHelm, parseManifests, provideHelm, renderChart } from '../support/helm.ts';
import { findManifestFaults, type Manifest } from '../support/kubernetes-schemas.ts';

const kustomizePath = join(import.meta.dirname, '../../deploy/kustomize');
const hash = `$2b$04$${'a'.repeat(53)}`;
const digest = `sha256:${'0'.repeat(64)}`;

/** What each case sets beyond the default, and the kinds of objects that it adds to DaemonSet and ServiceAccount. */
const matrix: Readonly<Record<string, { readonly values: object; readonly adds: readonly string[] }>> = {
  default: { values: {}, adds: [] },
  minimal: { values: { monitor: { profile: 'minimal', logFormat: 'json' }, cri: { enabled: false } }, adds: [] },
  crio: { values: { cri: { distribution: 'crio' } }, adds: [] },
  k3s: { values: { cri: { distribution: 'k3s' } }, adds: [] },
  microk8s: { values: { cri: { distribution: 'microk8s' } }, adds: [] },
  k0s: { values: { cri: { distribution: 'k0s' } }, adds: [] },
  'rules and runbooks': {
    values: {
      prometheusRule: { enabled: true, labels: { release: 'p' }, runbookBaseUrl: 'https://example.com/books/' },
    },
    adds: ['PrometheusRule'],
  },
  dashboards: { values: { dashboards: { enabled: true } }, adds: ['ConfigMap', 'ConfigMap'] },
  'its own socket': { values: { cri: { socketPath: '/run/other/cri.sock' } }, adds: [] },
  'one root': { values: { sandboxRoots: ['/run/kata'] }, adds: [] },
  openshift: {
    values: { cri: { distribution: 'openshift' }, openshift: { enabled: true }, nonRoot: true },
    adds: ['SecurityContextConstraints'],
  },
  'non-root': { values: { nonRoot: true }, adds: [] },
  tls: { values: { web: { tlsSecretName: 'tls' }, podMonitor: { enabled: true } }, adds: ['Secret', 'PodMonitor'] },
  'client certificates': {
    values: { web: { tlsSecretName: 'tls', requireClientCertificate: true } },
    adds: ['Secret'],
  },
  'tls and passwords': {
    values: {
      web: { tlsSecretName: 'tls', users: { prometheus: hash } },
      podMonitor: { enabled: true, basicAuthSecretName: 'scraper', tlsConfig: { serverName: 'kata-monitor' } },
    },
    adds: ['Secret', 'PodMonitor'],
  },
  'a web.yml that is there': { values: { web: { existingSecret: 'web', tls: true } }, adds: [] },
  'kube-rbac-proxy': {
    values: {
      kubeRbacProxy: { enabled: true, image: 'proxy:1', tlsSecretName: 'p' },
      serviceMonitor: { enabled: true },
    },
    adds: ['ClusterRole', 'ClusterRole', 'ClusterRoleBinding', 'Service', 'ServiceMonitor'],
  },
  'kube-rbac-proxy and a PodMonitor': {
    values: {
      kubeRbacProxy: { enabled: true, image: 'proxy:1' },
      podMonitor: { enabled: true, tokenSecretName: 'token' },
      networkPolicy: { enabled: true },
    },
    adds: ['ClusterRole', 'ClusterRole', 'ClusterRoleBinding', 'NetworkPolicy', 'PodMonitor'],
  },
  otlp: {
    values: {
      otlp: {
        endpoint: 'https://collector:4318',
        resourceAttributes: 'k8s.cluster.name=prod',
        headersSecret: { name: 'otlp' },
      },
      networkPolicy: { enabled: true },
    },
    adds: ['NetworkPolicy'],
  },
  'everything else': {
    values: {
      image: { repository: 'registry.example/kata-monitor', digest },
      imagePullSecrets: [{ name: 'pull' }],
      fullnameOverride: 'other',
      monitor: {
        podLabels: ['app', 'team'],
        allowedHosts: ['.svc'],
        extraArgs: ['--no-go-compat'],
        guestExporters: ['node=9100'],
      },
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'Exists' }] }],
          },
        },
      },
      priorityClassName: 'system-node-critical',
      podAnnotations: { a: 'b' },
      podLabels: { c: 'd' },
      extraEnv: [{ name: 'TZ', value: 'UTC' }],
      securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
      serviceAccount: { annotations: { a: 'b' } },
      serviceMonitor: { enabled: true },
      service: { annotations: { a: 'b' } },
      podMonitor: {
        labels: { release: 'prometheus' },
        relabelings: [{ action: 'labeldrop', regex: 'x' }],
        metricRelabelings: [{ sourceLabels: ['__name__'], action: 'drop', regex: 'kata_guest_vm_stat' }],
      },
      networkPolicy: { enabled: true, from: [{ podSelector: { matchLabels: { app: 'prometheus' } } }] },
    },
    adds: ['NetworkPolicy', 'Service', 'ServiceMonitor'],
  },
};

/** Values that contradict each other or do not exist, and what helm says. */
const refused: readonly (readonly [values: object, message: RegExp])[] = [
  [{ monitor: { profil: 'full' } }, /profil/],
  [{ monitor: { profile: 'all' } }, /profile/],
  [{ sandboxRoots: ['run/kata'] }, /sandboxRoots/],
  [{ monitor: { guestExporters: ['Node=1'] } }, /guestExporters/],
  [{ otlp: { endpoint: 'collector:4318' } }, /endpoint/],
  [{ otlp: { protocol: 'http' } }, /protocol/],
  [{ web: { users: { a: 'password' } } }, /users/],
  [{ web: { requireClientCertificate: true } }, /requires web\.tlsSecretName/],
  [{ web: { existingSecret: 'a', tlsSecretName: 'b' } }, /web\.existingSecret has its own web\.yml/],
  [{ kubeRbacProxy: { enabled: true } }, /requires kubeRbacProxy\.image/],
  [{ kubeRbacProxy: { enabled: true, image: 'a' }, web: { tlsSecretName: 'b' } }, /both control access/],
  [{ kubeRbacProxy: { enabled: true, image: 'a' }, podMonitor: { enabled: true } }, /tokenSecretName/],
  [{ podMonitor: { enabled: true }, serviceMonitor: { enabled: true } }, /twice/],
];

interface Container {
  readonly name: string;
  readonly args: readonly string[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly [field: string]: unknown;
}

interface PodSpec {
  readonly containers: readonly Container[];
  readonly volumes: readonly { readonly name: string }[];
}

function podOf(manifests: readonly Manifest[]): PodSpec {
  const { spec } = manifests.find(({ kind }) => kind === 'DaemonSet') as unknown as {
    spec: { template: { spec: PodSpec } };
  };
  return spec.template.spec;
}

function monitorOf(manifests: readonly Manifest[]): Container {
  return podOf(manifests).containers.find(({ name }) => name === 'kata-monitor')!;
}

describe.skipIf(missingForHelm !== undefined)(`the chart (needs ${missingForHelm ?? 'nothing more'})`, () => {
  let helm = '';

  beforeAll(async () => {
    helm = await provideHelm();
  }, helmTimeoutMs);

  it('passes helm lint --strict', async () => {
    expect(await lintChart(helm)).toMatch(/0 chart\(s\) failed/);
  });

  describe.each(Object.entries(matrix))('with %s', (_name, { values, adds }) => {
    let manifests: Manifest[] = [];

    beforeAll(async () => {
      manifests = await renderChart(helm, values);
    });

    it('has the objects that the values require, each valid for its schema', () => {
      expect(manifests.map(({ kind }) => kind).sort()).toEqual(['DaemonSet', 'ServiceAccount', ...adds].sort());
      expect(manifests.flatMap(findManifestFaults)).toEqual([]);
    });

    it('mounts only what it has, and starts the monitor with options that it knows', () => {
      const { containers, volumes } = podOf(manifests);
      const mounted = containers.flatMap(({ volumeMounts = [] }) => volumeMounts.map(({ name }) => name));
      expect([...mounted].sort()).toEqual(volumes.map(({ name }) => name).sort());
      expect(() => parseOptions(monitorOptionTable, monitorOf(manifests).args)).not.toThrow();
    });
  });

  it.each(refused)('refuses %j', async (values, message) => {
    await expect(renderChart(helm, values)).rejects.toThrow(message);
  });

  it('sees both roots and the container manager, as root without capabilities, on a file system that it cannot write', async () => {
    const container = monitorOf(await renderChart(helm, {}));
    expect(container.volumeMounts.map(({ mountPath }) => mountPath)).toEqual([
      '/run/vc/sbs',
      '/run/kata',
      '/run/vc/vm',
      '/run/vc/sbs/.last-words',
      '/run/kata/.last-words',
      '/var/lib/kata-monitor',
      '/run/containerd',
    ]);
    expect(container['securityContext']).toEqual({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      privileged: false,
      readOnlyRootFilesystem: true,
      runAsGroup: 0,
      runAsNonRoot: false,
      runAsUser: 0,
    });
  });

  it('scrapes the exporters in guests too, if there are any', async () => {
    const paths = async (values: object) => {
      const monitor = (await renderChart(helm, values)).find(({ kind }) => kind === 'PodMonitor') as unknown as {
        spec: { podMetricsEndpoints: { path: string }[] };
      };
      return monitor.spec.podMetricsEndpoints.map(({ path }) => path);
    };
    const podMonitor = { enabled: true };
    expect(await paths({ podMonitor })).toEqual(['/metrics']);
    expect(await paths({ podMonitor, monitor: { guestExporters: ['node=9100'] } })).toEqual([
      '/metrics',
      '/metrics/guest',
    ]);
  });

  it('pushes over OTLP with the name of the node, headers from a secret, and a network policy that allows it', async () => {
    const manifests = await renderChart(helm, matrix['otlp']!.values);
    const { args, env } = monitorOf(manifests);
    expect(args).toContain('--otlp.endpoint=https://collector:4318');
    expect(env).toEqual([
      { name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
      {
        name: 'OTEL_RESOURCE_ATTRIBUTES',
        value: 'host.name=$(NODE_NAME),k8s.node.name=$(NODE_NAME),k8s.cluster.name=prod',
      },
      { name: 'OTEL_EXPORTER_OTLP_HEADERS', valueFrom: { secretKeyRef: { name: 'otlp', key: 'headers' } } },
    ]);
    const policy = manifests.find(({ kind }) => kind === 'NetworkPolicy') as unknown as { spec: object };
    expect(policy.spec).toMatchObject({ policyTypes: ['Ingress'] });
  });

  it('probes over HTTPS where there is TLS, and by a connection where the kubelet would need a certificate', async () => {
    const probes = async (values: object) => {
      const { livenessProbe, readinessProbe } = monitorOf(await renderChart(helm, values));
      return [livenessProbe, readinessProbe];
    };
    const http = (path: string, scheme: string) => ({ httpGet: { path, port: 'metrics', scheme } });
    expect(await probes({})).toMatchObject([http('/healthz', 'HTTP'), http('/readyz', 'HTTP')]);
    const web = { tlsSecretName: 'tls' };
    expect(await probes({ web })).toMatchObject([http('/healthz', 'HTTPS'), http('/readyz', 'HTTPS')]);
    const byConnection = { tcpSocket: { port: 'metrics' } };
    expect(await probes({ web: { ...web, requireClientCertificate: true } })).toMatchObject([
      byConnection,
      byConnection,
    ]);
  });

  it('writes a web.yml of what the values say', async () => {
    const manifests = await renderChart(helm, matrix['tls and passwords']!.values);
    const secret = manifests.find(({ kind }) => kind === 'Secret') as unknown as { stringData: Record<string, string> };
    expect(parse(secret.stringData['web.yml']!)).toEqual({
      tls_server_config: { cert_file: '/etc/kata-monitor/tls/tls.crt', key_file: '/etc/kata-monitor/tls/tls.key' },
      basic_auth_users: { prometheus: hash },
    });
  });

  it('gives each alert the address of its runbook', async () => {
    const rule = (await renderChart(helm, matrix['rules and runbooks']!.values)).find(
      ({ kind }) => kind === 'PrometheusRule',
    ) as unknown as { spec: { groups: { rules: { alert?: string; annotations?: Record<string, string> }[] }[] } };
    const found = rule.spec.groups.flatMap(({ rules }) => rules).filter(({ alert }) => alert !== undefined);
    expect(found.map(({ annotations }) => annotations?.['runbook_url'])).toEqual(
      alerts.map(({ name }) => `https://example.com/books/${name.toLowerCase()}.md`),
    );
    expect(found.map(({ annotations }) => annotations?.['summary'])).toEqual(alerts.map(({ summary }) => summary));
  });

  describe('deploy/kustomize', () => {
    const labelsOfHelm = /^ +(?:helm\.sh\/chart|app\.kubernetes\.io\/managed-by): .*\n/gm;
    const render = async (values: object, kinds?: readonly string[]): Promise<string> => {
      const manifests = await renderChart(helm, values);
      const chosen = manifests.filter(({ kind }) => kinds === undefined || kinds.includes(kind));
      const text = chosen.map((manifest) => stringify(manifest, { lineWidth: 0 })).join('---\n');
      return `# Made from deploy/helm/kata-monitor by test/system/helm.test.ts.\n${text.replace(labelsOfHelm, '')}`;
    };
    const expectFile = (path: string, text: string): void => {
      if (process.env['KATA_WRITE_MANIFESTS'] === '1') {
        writeFileSync(path, text);
      }
      expect(readFileSync(path, 'utf8')).toBe(text);
    };
    const distributions = readdirSync(kustomizePath).filter((name) => name !== 'prometheus-operator');

    it.each(distributions)('%s is what the chart renders', async (distribution) => {
      const isOpenShift = distribution === 'openshift';
      const values = { cri: { distribution }, ...(isOpenShift && { openshift: { enabled: true } }) };
      expectFile(join(kustomizePath, distribution, 'kata-monitor.yaml'), await render(values));
    });

    it('the component for prometheus-operator too', async () => {
      const values = { podMonitor: { enabled: true }, prometheusRule: { enabled: true } };
      const text = await render(values, ['PodMonitor', 'PrometheusRule']);
      expectFile(join(kustomizePath, 'prometheus-operator/monitoring.yaml'), text);
    });
  });
});

describe('deploy/kustomize', () => {
  it.each(readdirSync(kustomizePath))('%s lists the files that are there, and each object is good', (folder) => {
    const files = readdirSync(join(kustomizePath, folder)).filter((name) => name !== 'kustomization.yaml');
    const read = (name: string): string => readFileSync(join(kustomizePath, folder, name), 'utf8');
    const { resources } = parse(read('kustomization.yaml')) as { resources: string[] };
    expect([...resources].sort()).toEqual(files.sort());
    expect(files.flatMap((name) => parseManifests(read(name))).flatMap(findManifestFaults)).toEqual([]);
  });
});
