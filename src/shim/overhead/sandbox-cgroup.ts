/**
 * The cgroup of a sandbox on the host. The shim creates one for a sandbox that it starts, so that the kernel counts the use of
 * all of its processes, including later ones and the work of the kernel for them. Sets no limits. A shim without permission to
 * create a cgroup measures processes instead.
 */
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CgroupLimitsReader, type CgroupValues } from '../../collectors/index.ts';
import {
  type CgroupHierarchy,
  cgroupDirectory,
  createProcfs,
  type ProcessCgroup,
  type Procfs,
  readCgroupFlatKeyed,
  readCgroupProcs,
  readCgroupValue,
  type SkippedRecord,
} from '../../procfs/index.ts';
import { findOwnPath } from './own-path.ts';
import { NO_USE, type Use } from './use.ts';

export interface SandboxCgroup {
  /** The directories that were created for it, which the guard removes after a shim that was killed. */
  readonly directories: readonly string[];
  /**
   * Moves a process into it. Processes that it starts later are in it, too.
   * @throws {Error} the system error.
   */
  add(pid: number): void;
  /**
   * Moves this process into it. `leave` moves it back, and so does `remove`.
   * @throws {Error} the system error.
   */
  enter(): void;
  /**
   * Moves this process back to its former cgroup, or to the root. Has no effect if it has not entered.
   * @throws {Error} when neither accepts it.
   */
  leave(): void;
  /** PIDs of the processes in it; undefined if they cannot be read. */
  readPids(): Promise<ReadonlySet<number> | undefined>;
  /** CPU time of all processes that are or were in it, and its memory. Values that its controllers do not report are missing. */
  readUse(): Promise<Use>;
  /** Its pressure, CPU throttling and OOM kills. */
  readLimits(): CgroupValues;
  /** Peak of its memory in bytes, as the kernel reports it; undefined if its controllers do not report it. */
  readMemoryPeak(): Promise<number | undefined>;
  /** A cgroup in it for the workload alone, if `hasWorkload`. */
  readonly workload?: Pick<SandboxCgroup, 'add' | 'files' | 'readMemoryPeak' | 'readUse'>;
  /** Paths of the files with its CPU time and with the peak of its memory, for the guard. */
  readonly files: { readonly cpu: string | undefined; readonly memoryPeak: string | undefined };
  /**
   * Removes it. All of its processes must have ended; waits up to a second until the kernel has removed them.
   * @throws {Error} the system error, such as EBUSY if a process remains.
   */
  remove(): Promise<void>;
}

export interface SandboxCgroupOptions {
  readonly hierarchy: CgroupHierarchy;
  /** The cgroup of the shim. The new one is below it, so that limits of the shim apply to its sandbox. */
  readonly own: readonly ProcessCgroup[];
  /** Parent instead of `own`, relative to the cgroup root: the cgroup of the pod. Created if it does not exist. */
  readonly parentPath?: string;
  /** Whether to create a separate cgroup for the workload in it. Default: false. */
  readonly hasWorkload?: boolean;
  readonly sandboxId: string;
  /** Directory of the sandbox, which distinguishes sandboxes with the same id below different roots. */
  readonly directoryPath: string;
  /** Records files of it that cannot be read. */
  readonly skipped?: SkippedRecord | undefined;
}

/** Controllers whose statistics are read; in v1, each may have a separate hierarchy. */
const CONTROLLERS = ['cpuacct', 'memory'] as const;
/** Digits of the hash of the sandbox's directory in the name of the cgroup. */
const MARK_DIGITS = 8;
type Controller = (typeof CONTROLLERS)[number];

/** A process that has ended is gone from its cgroup within moments. */
const REMOVE_TIMEOUT_MS = 1_000;
const REMOVE_RETRY_MS = 10;

const WORKLOAD_NAME = 'workload';

/**
 * Creates the cgroup of a sandbox. If that fails, it leaves no directory.
 * @throws {Error} the system error, or one without a code if the cgroup of this process is unknown.
 */
export function makeSandboxCgroup(options: SandboxCgroupOptions): SandboxCgroup {
  const cgroups = nameDirectories(options);
  const ofWorkload = new Map(
    [...cgroups].map(([controller, path]) => [controller, join(path, WORKLOAD_NAME)] as const),
  );
  const directories = [...new Set([...cgroups.values(), ...(options.hasWorkload ? ofWorkload.values() : [])])];
  const made: string[] = [];
  try {
    for (const directory of directories) {
      made.push(...makeDirectory(directory, { withParents: options.parentPath !== undefined }));
    }
  } catch (error) {
    for (const directory of made.reverse()) {
      rmdirSync(directory);
    }
    throw error;
  }
  const madeParents = made.filter((path) => !directories.includes(path));
  const cgroup = openSandboxCgroup(options.hierarchy.kind, cgroups, options.skipped, { madeParents });
  const workload = options.hasWorkload
    ? openSandboxCgroup(options.hierarchy.kind, ofWorkload, options.skipped, {})
    : undefined;
  let hasEntered = false;
  const leave = (): void => {
    if (hasEntered) {
      moveBack(options, [...cgroups.keys()]);
      hasEntered = false;
    }
  };
  return {
    ...cgroup,
    // Children first: a cgroup with one cannot be removed.
    directories: [...(workload?.directories ?? []), ...cgroup.directories],
    ...(workload && { workload }),
    enter: () => {
      hasEntered = true;
      cgroup.add(process.pid);
    },
    leave,
    remove: async () => {
      leave();
      await workload?.remove();
      await cgroup.remove();
    },
  };
}

/**
 * Opens a cgroup that another program has created and will remove. `path`: relative to the cgroup root.
 * @throws {Error} when it does not exist or cannot be read.
 */
export async function lookAtSandboxCgroup(
  hierarchy: CgroupHierarchy,
  path: string,
  skipped?: SkippedRecord,
): Promise<SandboxCgroup> {
  const cgroups = CONTROLLERS.flatMap((controller): [Controller, string][] => {
    const directory = cgroupDirectory(hierarchy, controller, path);
    return directory === undefined ? [] : [[controller, directory.root]];
  });
  const throttled = cgroupDirectory(hierarchy, 'cpu', path)?.root;
  const cgroup = openSandboxCgroup(hierarchy.kind, new Map(cgroups), skipped, { throttled });
  for (const root of cgroup.directories) {
    if ((await readCgroupProcs(createProcfs(root, skipped))) === undefined) {
      throw new Error(`There is no cgroup "${root}", or it cannot be read`);
    }
  }
  const nothing = (): void => undefined;
  return { ...cgroup, directories: [], add: nothing, enter: nothing, leave: nothing, remove: () => Promise.resolve() };
}

const peakFiles = { v1: 'memory.max_usage_in_bytes', v2: 'memory.peak' } as const;

function pathIn(directory: string | undefined, file: string): string | undefined {
  return directory === undefined ? undefined : join(directory, file);
}

interface OpenCgroupOptions {
  /** Parent directories that were created for it. */
  readonly madeParents?: readonly string[];
  /** Directory with the `cpu.stat` of the controller `cpu`. Default: that of `cpuacct`, which v1 usually mounts with `cpu`. */
  readonly throttled?: string | undefined;
}

function openSandboxCgroup(
  kind: CgroupHierarchy['kind'],
  cgroups: ReadonlyMap<Controller, string>,
  skipped: SkippedRecord | undefined,
  { madeParents = [], throttled = cgroups.get('cpuacct') }: OpenCgroupOptions,
): Omit<SandboxCgroup, 'enter' | 'leave'> {
  const directories = [...new Set(cgroups.values())];
  const memory = cgroups.get('memory');
  const limits = new CgroupLimitsReader({
    kind,
    cpu: throttled === undefined ? undefined : createProcfs(throttled, skipped),
    memory: memory === undefined ? undefined : createProcfs(memory, skipped),
  });
  return {
    directories,
    add: (pid) => {
      for (const directory of directories) {
        writeFileSync(join(directory, 'cgroup.procs'), String(pid));
      }
    },
    readPids: async () => {
      const pids = await readCgroupProcs(createProcfs(directories[0]!, skipped));
      return pids && new Set(pids);
    },
    readUse: () =>
      kind === 'v2' ? readUseOfV2(createProcfs(directories[0]!, skipped)) : readUseOfV1(cgroups, skipped),
    readLimits: () => limits.read(),
    files: {
      cpu: pathIn(
        kind === 'v2' ? directories[0] : cgroups.get('cpuacct'),
        kind === 'v2' ? 'cpu.stat' : 'cpuacct.usage',
      ),
      memoryPeak: pathIn(kind === 'v2' ? directories[0] : memory, peakFiles[kind]),
    },
    readMemoryPeak: async () => {
      const root = kind === 'v2' ? directories[0] : memory;
      const file = peakFiles[kind];
      const peak = root === undefined ? undefined : await readCgroupValue(createProcfs(root, skipped), file);
      return peak === undefined ? undefined : Number(peak);
    },
    remove: async () => {
      for (const directory of directories) {
        await removeEmpty(directory);
      }
      for (const parent of madeParents.toReversed()) {
        // Another pod may use it by now.
        await rmdir(parent).catch(() => undefined);
      }
    },
  };
}

/** Moves this process to its former cgroup, or to the root if that one is gone or accepts no processes any more. */
function moveBack({ hierarchy, own }: SandboxCgroupOptions, controllers: readonly Controller[]): void {
  for (const controller of controllers) {
    const paths = [findOwnPath(hierarchy, own, controller), '/'].filter((path) => path !== undefined);
    const isMoved = paths.some((path) => {
      const directory = cgroupDirectory(hierarchy, controller, path);
      try {
        writeFileSync(join(directory!.root, 'cgroup.procs'), String(process.pid));
        return true;
      } catch {
        return false;
      }
    });
    if (!isMoved) {
      throw new Error(`Cannot leave the cgroup of the sandbox (${controller})`);
    }
  }
}

/** Name of the cgroup of a sandbox: its id, and a hash of its directory. */
export function nameOfCgroup({
  sandboxId,
  directoryPath,
}: Pick<SandboxCgroupOptions, 'directoryPath' | 'sandboxId'>): string {
  return `kata-${sandboxId}-${fnv1a(Buffer.from(directoryPath)).toString(16).padStart(MARK_DIGITS, '0')}`;
}

/**
 * The hash FNV-1a with 32 bits. It only distinguishes sandboxes with the same id, so it need not be cryptographic: node:crypto would
 * take 1.3 MiB in each shim. Source: http://www.isthe.com/chongo/tech/comp/fnv/.
 */
function fnv1a(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash;
}

function nameDirectories(options: SandboxCgroupOptions): Map<Controller, string> {
  const { hierarchy, own, parentPath } = options;
  const cgroups = CONTROLLERS.flatMap((controller): [Controller, string][] => {
    const path = parentPath ?? findOwnPath(hierarchy, own, controller);
    const directory = path === undefined ? undefined : cgroupDirectory(hierarchy, controller, path);
    return directory === undefined ? [] : [[controller, join(directory.root, nameOfCgroup(options))]];
  });
  if (cgroups.length === 0) {
    throw new Error('Cannot determine the cgroup of this process');
  }
  return new Map(cgroups);
}

/**
 * Creates a directory. Returns the created directories, parents first. Parents are created only for a pod without kubelet, whose
 * cgroup does not exist, and one by one: the recursive mkdir of Node.js does not end if a file system refuses with ENOENT.
 */
function makeDirectory(path: string, { withParents }: { readonly withParents: boolean }): string[] {
  const parents: string[] = [];
  for (let each = dirname(path); withParents && !existsSync(each); each = dirname(each)) {
    parents.unshift(each);
  }
  for (const parent of parents) {
    mkdirSync(parent);
  }
  try {
    mkdirSync(path);
  } catch (error) {
    // Left by a shim that was killed. It can be reused, because only the increase of its counters matters.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw error;
    }
  }
  return [...parents, path];
}

const NS_PER_MS = 1e6;
const US_PER_MS = 1e3;

async function readUseOfV2(cgroup: Procfs): Promise<Use> {
  const [stat, memory] = await Promise.all([
    readCgroupFlatKeyed(cgroup, 'cpu.stat'),
    readCgroupValue(cgroup, 'memory.current'),
  ]);
  return toUse(stat?.get('usage_usec'), US_PER_MS, memory);
}

async function readUseOfV1(cgroups: ReadonlyMap<Controller, string>, skipped: SkippedRecord | undefined): Promise<Use> {
  const read = async (controller: Controller, file: string): Promise<string | undefined> => {
    const root = cgroups.get(controller);
    return root === undefined ? undefined : readCgroupValue(createProcfs(root, skipped), file);
  };
  const [cpu, memory] = await Promise.all([read('cpuacct', 'cpuacct.usage'), read('memory', 'memory.usage_in_bytes')]);
  return toUse(cpu, NS_PER_MS, memory);
}

function toUse(cpu: string | undefined, unitsPerMs: number, memoryBytes: string | undefined): Use {
  return {
    ...NO_USE,
    ...(memoryBytes !== undefined && { memoryBytes: Number(memoryBytes) }),
    ...(cpu !== undefined && { cpuMs: new Map([['cgroup', Number(cpu) / unitsPerMs]]) }),
  };
}

async function removeEmpty(directory: string): Promise<void> {
  const deadlineMs = performance.now() + REMOVE_TIMEOUT_MS;
  for (;;) {
    try {
      await rmdir(directory);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') {
        return;
      }
      if (code !== 'EBUSY' || performance.now() > deadlineMs) {
        throw error;
      }
      await sleep(REMOVE_RETRY_MS);
    }
  }
}
