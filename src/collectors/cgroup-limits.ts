/**
 * Pressure, CPU throttling and OOM kills of a cgroup: of a container in the guest, or of a sandbox on the host.
 */
import {
  type CgroupHierarchy,
  cgroupDirectory,
  type Procfs,
  readCgroupFlatKeyed,
  type SkippedRecord,
} from '../procfs/index.ts';
import { shiftDigits } from './digits.ts';
import { type CatalogFamily, family, singleFamily } from './family.ts';
import { OptionalRead } from './optional-read.ts';
import { addPressure, type PressureName, type PressureValues, pressureResources } from './pressure.ts';

/** Names of the families without a prefix. */
export type CgroupFamilyName =
  | PressureName
  | 'cpu_cfs_periods_total'
  | 'cpu_cfs_throttled_periods_total'
  | 'cpu_cfs_throttled_seconds_total'
  | 'oom_kills_total';

/** Values by family, as text; those that the kernel does not report are absent. */
export type CgroupValues = PressureValues & { [N in CgroupFamilyName]?: string };

/** Directories of a cgroup. In v1, each controller may have a separate hierarchy. */
export interface CgroupDirectories {
  readonly kind: CgroupHierarchy['kind'];
  readonly cpu: Procfs | undefined;
  readonly memory: Procfs | undefined;
}

/** v2 has microseconds, v1 nanoseconds. */
const throttledTime = {
  v1: { name: 'throttled_time', places: 9 },
  v2: { name: 'throttled_usec', places: 6 },
} as const;
const oomFile = { v1: 'memory.oom_control', v2: 'memory.events' } as const;

/** Reads one cgroup again and again. */
export class CgroupLimitsReader {
  readonly #reads: readonly OptionalRead<true>[];
  #values: CgroupValues = {};

  constructor({ kind, cpu, memory }: CgroupDirectories) {
    const reads: (() => boolean)[] = [];
    if (memory !== undefined) {
      reads.push(() => this.#addOomKills(memory, oomFile[kind]));
    }
    if (cpu !== undefined) {
      reads.push(() => this.#addThrottling(cpu, throttledTime[kind]));
    }
    if (kind === 'v2' && memory !== undefined) {
      for (const resource of pressureResources) {
        reads.push(() => addPressure(this.#values, resource, memory, [`${resource}.pressure`]));
      }
    }
    this.#reads = reads.map((read) => new OptionalRead(() => read() || undefined));
  }

  /** Empty where the cgroup is not there. */
  read(): CgroupValues {
    this.#values = {};
    for (const each of this.#reads) {
      each.read();
    }
    return this.#values;
  }

  #addOomKills(memory: Procfs, file: string): boolean {
    const events = readCgroupFlatKeyed(memory, file);
    const kills = events?.get('oom_kill');
    if (kills !== undefined) {
      this.#values.oom_kills_total = kills;
    }
    return events !== undefined;
  }

  #addThrottling(cpu: Procfs, { name, places }: { readonly name: string; readonly places: number }): boolean {
    const stat = readCgroupFlatKeyed(cpu, 'cpu.stat');
    const time = stat?.get(name);
    const periods = stat?.get('nr_periods');
    const throttled = stat?.get('nr_throttled');
    if (periods !== undefined) {
      this.#values.cpu_cfs_periods_total = periods;
    }
    if (throttled !== undefined) {
      this.#values.cpu_cfs_throttled_periods_total = throttled;
    }
    if (time !== undefined) {
      this.#values.cpu_cfs_throttled_seconds_total = shiftDigits(time, places);
    }
    return stat !== undefined;
  }
}

/** kata_shim_sandbox_*, of the sandbox's cgroup on the host. */
export function toSandboxFamilies(values: CgroupValues): CatalogFamily[] {
  return namesOf(values).map((name) => singleFamily(`kata_shim_sandbox_${name}`, values[name]!));
}

/** Limit of containers with samples; the agent does not start more. */
const MAX_CONTAINERS = 128;

interface KnownContainer {
  readonly path: string;
  readonly labels: { readonly container_id: string };
  readonly reader: CgroupLimitsReader;
}

/**
 * kata_guest_container_*, of the containers that are known at the time.
 * @param list paths in the hierarchy by the ids of containers
 */
export function createContainerCollector(
  hierarchy: CgroupHierarchy,
  list: () => ReadonlyMap<string, string>,
  skipped?: SkippedRecord,
): () => CatalogFamily[] {
  const known = new Map<string, KnownContainer>();
  const open = (id: string, path: string): KnownContainer => {
    const directoryOf = (controller: string) => cgroupDirectory(hierarchy, controller, path, skipped);
    const directories = { kind: hierarchy.kind, cpu: directoryOf('cpu'), memory: directoryOf('memory') };
    return { path, labels: { container_id: id }, reader: new CgroupLimitsReader(directories) };
  };
  return () => {
    const containers = list();
    for (const [id, { path }] of known) {
      if (containers.get(id) !== path) {
        known.delete(id);
      }
    }
    const samples = new Map<CgroupFamilyName, { labels: KnownContainer['labels']; value: string }[]>();
    for (const [id, path] of containers) {
      let container = known.get(id);
      if (container === undefined) {
        if (known.size >= MAX_CONTAINERS) {
          continue;
        }
        container = open(id, path);
        known.set(id, container);
      }
      const values = container.reader.read();
      for (const name of namesOf(values)) {
        const ofName = samples.get(name) ?? [];
        samples.set(name, ofName);
        ofName.push({ labels: container.labels, value: values[name]! });
      }
    }
    return Array.from(samples, ([name, ofName]) => family(`kata_guest_container_${name}`, ofName));
  };
}

function namesOf(values: CgroupValues): CgroupFamilyName[] {
  return Object.keys(values) as CgroupFamilyName[];
}
