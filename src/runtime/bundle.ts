/**
 * What a bundle says of its place: a pod's own, a container of a pod, or a container by itself. Source: the annotations of
 * containerd's CRI plugin.
 */
import type { Spec } from '../runtime-proto/index.ts';
import type { ShimOptions } from '../shim/index.ts';

export interface BundleDescription {
  readonly kind: 'container' | 'pod' | 'single';
  /** Of the pod's cgroup, from the root of the cgroups. */
  readonly cgroupParent: string | undefined;
  readonly networkNamespacePath: string | undefined;
}

export function describeBundle({ annotations, linux }: Spec): BundleDescription {
  const type = annotations['io.kubernetes.cri.container-type'];
  const network = linux?.namespaces.find((namespace) => namespace.type === 'network')?.path;
  return {
    kind: type === 'sandbox' ? 'pod' : type === 'container' ? 'container' : 'single',
    cgroupParent: readCgroupParent(linux?.cgroupsPath ?? ''),
    networkNamespacePath: network === '' ? undefined : network,
  };
}

/** `/<parent>/<id>`, or `<slice>:<prefix>:<id>`, as the kubelet and containerd have it where systemd manages cgroups. */
function readCgroupParent(path: string): string | undefined {
  if (path.includes(':')) {
    return expandSlice(path.split(':', 1)[0] ?? '');
  }
  const parent = path.split('/').slice(0, -1).join('/');
  return parent.startsWith('/') ? parent : undefined;
}

/** `a-b.slice` is `/a.slice/a-b.slice`: systemd.slice(5). Undefined for the root, and for what is no name of a slice. */
function expandSlice(name: string): string | undefined {
  const parts = (/^([^/]+)\.slice$/.exec(name)?.[1] ?? '').split('-');
  return parts.includes('')
    ? undefined
    : parts.map((_, index) => `/${parts.slice(0, index + 1).join('-')}.slice`).join('');
}

/** The names of the pod in Kubernetes, from the annotations of containerd; nothing for a container by itself. */
export function readPodNames(annotations: Readonly<Record<string, string>>): Pick<ShimOptions, 'pod'> {
  const [uid, name, namespace] = ['uid', 'name', 'namespace'].map(
    (part) => annotations[`io.kubernetes.cri.sandbox-${part}`],
  );
  return uid === undefined || name === undefined || namespace === undefined ? {} : { pod: { uid, name, namespace } };
}
