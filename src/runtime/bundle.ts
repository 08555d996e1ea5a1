/**
 * What a bundle is for: a pod, a container of a pod, or a container without a pod. Source: the annotations of the CRI plugin of
 * containerd.
 */
import type { Spec } from '../runtime-proto/index.ts';
import type { ShimOptions } from '../shim/index.ts';

export interface BundleDescription {
  /** `container`: a container of a pod; `single`: a container without a pod. */
  readonly kind: 'container' | 'pod' | 'single';
  /** Path of the cgroup of the pod, relative to the cgroup root; undefined if the bundle does not name one. */
  readonly cgroupParent: string | undefined;
  /** Undefined: the network namespace of the shim. */
  readonly networkNamespacePath: string | undefined;
}

/** Reads the description from the specification of the bundle; the annotations are those of containerd. */
export function describeBundle({ annotations, linux }: Spec): BundleDescription {
  const type = annotations['io.kubernetes.cri.container-type'];
  const network = linux?.namespaces.find((namespace) => namespace.type === 'network')?.path;
  return {
    kind: type === 'sandbox' ? 'pod' : type === 'container' ? 'container' : 'single',
    cgroupParent: readCgroupParent(linux?.cgroupsPath ?? ''),
    networkNamespacePath: network === '' ? undefined : network,
  };
}

/** Parses `/<parent>/<id>`, or `<slice>:<prefix>:<id>`, which the kubelet and containerd use if systemd manages cgroups. */
function readCgroupParent(path: string): string | undefined {
  if (path.includes(':')) {
    return expandSlice(path.split(':', 1)[0] ?? '');
  }
  const parent = path.split('/').slice(0, -1).join('/');
  return parent.startsWith('/') ? parent : undefined;
}

/** `a-b.slice` is `/a.slice/a-b.slice`: systemd.slice(5). Undefined for the root slice, and for invalid names. */
function expandSlice(name: string): string | undefined {
  const parts = (/^([^/]+)\.slice$/.exec(name)?.[1] ?? '').split('-');
  return parts.includes('')
    ? undefined
    : parts.map((_, index) => `/${parts.slice(0, index + 1).join('-')}.slice`).join('');
}

/** Names of the pod in Kubernetes, from the annotations of containerd; an empty object for a container without a pod. */
export function readPodNames(annotations: Readonly<Record<string, string>>): Pick<ShimOptions, 'pod'> {
  const [uid, name, namespace] = ['uid', 'name', 'namespace'].map(
    (part) => annotations[`io.kubernetes.cri.sandbox-${part}`],
  );
  return uid === undefined || name === undefined || namespace === undefined ? {} : { pod: { uid, name, namespace } };
}
