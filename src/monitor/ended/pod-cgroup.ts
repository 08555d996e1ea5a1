/**
 * Reads the cgroup of a pod on the host, which the kubelet creates before its sandbox and removes after it: the usage of
 * all processes of the sandbox, if the runtime keeps them in it. Read once, when a sandbox has ended whose shim has not
 * read it.
 */
import {
  type CgroupHierarchy,
  cgroupDirectory,
  createProcfs,
  findCgroupHierarchy,
  readCgroupFlatKeyed,
  readCgroupValue,
  readMountinfo,
} from '../../procfs/index.ts';

export interface PodCgroupValues {
  readonly hostCpuSeconds?: number;
  readonly hostMemoryPeakBytes?: number;
}

/** UIDs of Kubernetes, and the digests of static pods. */
const POD_UID = /^[0-9a-f][0-9a-f-]{0,63}$/;
const NS_PER_SECOND = 1e9;
const US_PER_SECOND = 1e6;

/** Possible cgroups of a pod, for each QoS class and both cgroup drivers. See pkg/kubelet/cm of Kubernetes. */
export function podCgroupPaths(uid: string): readonly string[] {
  const inSlices = `pod${uid.replaceAll('-', '_')}.slice`;
  return [
    ...['/burstable', '/besteffort', ''].map((qos) => `/kubepods${qos}/pod${uid}`),
    ...['-burstable', '-besteffort'].map((qos) => `/kubepods.slice/kubepods${qos}.slice/kubepods${qos}-${inSlices}`),
    `/kubepods.slice/kubepods-${inSlices}`,
  ];
}

export class PodCgroupReader {
  readonly #findHierarchy: () => Promise<CgroupHierarchy | undefined>;
  #hierarchy: Promise<CgroupHierarchy | undefined> | undefined;

  /** @param findHierarchy default: that of this machine. */
  constructor(findHierarchy = async () => findCgroupHierarchy((await readMountinfo(createProcfs(), 'self')) ?? [])) {
    this.#findHierarchy = findHierarchy;
  }

  /** Nothing where there is no such cgroup, as in a container that does not see those of its host. Never rejects. */
  async read(uid: string): Promise<PodCgroupValues> {
    if (!POD_UID.test(uid)) {
      return {};
    }
    try {
      this.#hierarchy ??= this.#findHierarchy();
      const hierarchy = await this.#hierarchy;
      for (const path of hierarchy === undefined ? [] : podCgroupPaths(uid)) {
        const values = await readValues(hierarchy!, path);
        if (values !== undefined) {
          return values;
        }
      }
    } catch {
      // Not for this user to read.
    }
    return {};
  }
}

async function readValues(hierarchy: CgroupHierarchy, path: string): Promise<PodCgroupValues | undefined> {
  const isV2 = hierarchy.kind === 'v2';
  const [cpu, memory] = ['cpuacct', 'memory'].map((controller) => cgroupDirectory(hierarchy, controller, path));
  const usage =
    cpu &&
    (isV2
      ? Number(readCgroupFlatKeyed(cpu, 'cpu.stat')?.get('usage_usec')) / US_PER_SECOND
      : Number(await readCgroupValue(cpu, 'cpuacct.usage')) / NS_PER_SECOND);
  const peak = memory && Number(await readCgroupValue(memory, isV2 ? 'memory.peak' : 'memory.max_usage_in_bytes'));
  const values = {
    ...(usage !== undefined && Number.isFinite(usage) && { hostCpuSeconds: usage }),
    ...(peak !== undefined && Number.isFinite(peak) && { hostMemoryPeakBytes: peak }),
  };
  return Object.keys(values).length === 0 ? undefined : values;
}
