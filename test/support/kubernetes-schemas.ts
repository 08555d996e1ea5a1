/**
 * Whether an object could be created in a cluster: its fields against the schemas of Kubernetes and prometheus-operator, as
 * published in the packages kubernetes-models and @kubernetes-models/prometheus-operator. For tests of deploy/.
 */
import {
  PodMonitor,
  PrometheusRule,
  ServiceMonitor,
} from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import { DaemonSet } from 'kubernetes-models/apps/v1';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { ClusterRole, ClusterRoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1';
import { ConfigMap, Namespace, Secret, Service, ServiceAccount } from 'kubernetes-models/v1';

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

interface Model {
  validate(): void;
}

/** By apiVersion and kind. The classes take any object: what is in it is what is to be found out. */
const models: Readonly<Record<string, new (data: never) => Model>> = {
  'apps/v1 DaemonSet': DaemonSet,
  'monitoring.coreos.com/v1 PodMonitor': PodMonitor,
  'monitoring.coreos.com/v1 PrometheusRule': PrometheusRule,
  'monitoring.coreos.com/v1 ServiceMonitor': ServiceMonitor,
  'networking.k8s.io/v1 NetworkPolicy': NetworkPolicy,
  'rbac.authorization.k8s.io/v1 ClusterRole': ClusterRole,
  'rbac.authorization.k8s.io/v1 ClusterRoleBinding': ClusterRoleBinding,
  'v1 ConfigMap': ConfigMap,
  'v1 Namespace': Namespace,
  'v1 Secret': Secret,
  'v1 Service': Service,
  'v1 ServiceAccount': ServiceAccount,
};

/** What of the SecurityContextConstraints of OpenShift the chart may use; there is no package with their schema. */
const constraintFields: Readonly<Record<string, 'boolean' | 'list' | 'strategy'>> = {
  allowHostDirVolumePlugin: 'boolean',
  allowHostIPC: 'boolean',
  allowHostNetwork: 'boolean',
  allowHostPID: 'boolean',
  allowHostPorts: 'boolean',
  allowPrivilegedContainer: 'boolean',
  allowPrivilegeEscalation: 'boolean',
  allowedCapabilities: 'list',
  defaultAddCapabilities: 'list',
  fsGroup: 'strategy',
  groups: 'list',
  readOnlyRootFilesystem: 'boolean',
  requiredDropCapabilities: 'list',
  runAsUser: 'strategy',
  seccompProfiles: 'list',
  seLinuxContext: 'strategy',
  supplementalGroups: 'strategy',
  users: 'list',
  volumes: 'list',
};

/** What is wrong with the object, one line each; empty when nothing is. */
export function findManifestFaults(manifest: Manifest): string[] {
  const { apiVersion, kind, metadata } = manifest;
  const name = `${kind} "${metadata?.name}"`;
  if (kind === 'SecurityContextConstraints') {
    return findConstraintFaults(manifest).map((fault) => `${name}: ${fault}`);
  }
  const Class = models[`${apiVersion} ${kind}`];
  if (Class === undefined) {
    return [`${name}: there is no schema of ${apiVersion} ${kind}`];
  }
  const watched = watchReads(manifest);
  try {
    new Class(manifest as never).validate.call(watched.object);
  } catch (error) {
    return [`${name}: ${String(error)}`];
  }
  return watched.listUnread().map((path) => `${name}: field ${path} does not exist`);
}

/**
 * The schemas let unknown fields pass, as an API server without strict validation does. But they read every field that they
 * know of: what was not read of a valid object is misspelled, or in the wrong place.
 */
function watchReads(object: object): { object: object; listUnread: () => string[] } {
  const unread = new Map<string, Set<string>>();
  const watch = (value: unknown, path: string): unknown => {
    if (typeof value !== 'object' || value === null) {
      return value;
    }
    const fields = Array.isArray(value) ? [] : Object.keys(value);
    const left = unread.get(path) ?? new Set(fields);
    unread.set(path, left);
    return new Proxy(value, {
      get(target, key, receiver) {
        const found: unknown = Reflect.get(target, key, receiver);
        if (typeof key !== 'string' || !Object.hasOwn(target, key)) {
          return found;
        }
        left.delete(key);
        return watch(found, `${path}/${key}`);
      },
    });
  };
  const watched = watch(object, '') as object;
  return {
    object: watched,
    listUnread: () => [...unread].flatMap(([path, fields]) => [...fields].map((field) => `${path}/${field}`)),
  };
}

function findConstraintFaults({ apiVersion, kind: _kind, metadata: _metadata, ...fields }: Manifest): string[] {
  const faults = apiVersion === 'security.openshift.io/v1' ? [] : [`apiVersion is "${apiVersion}"`];
  for (const [name, value] of Object.entries(fields)) {
    const kind = constraintFields[name];
    const isFit =
      kind === 'boolean'
        ? typeof value === 'boolean'
        : kind === 'list'
          ? Array.isArray(value)
          : typeof (value as { type?: unknown } | null)?.type === 'string';
    if (kind === undefined || !isFit) {
      faults.push(`field ${name} does not exist, or is no ${kind}`);
    }
  }
  return faults;
}
