/**
 * A separate cgroup for the CPU time of the shim of a sandbox: of this process, its guard, and their children until these
 * are moved to the cgroup of the sandbox. There, the kernel also counts what this process needs to exit. It is below the
 * cgroup of the shim, never below that of the pod, which must be empty when the sandbox has ended.
 */
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CgroupHierarchy, cgroupDirectory, type ProcessCgroup } from '../../procfs/index.ts';
import { findOwnPath } from './own-path.ts';

export interface ShimCgroup {
  readonly directory: string;
  /** Path of the file with its CPU time. */
  readonly cpuPath: string;
  /** Puts this process into it. @throws {Error} the system error. */
  enter(): void;
  /** CPU time in nanoseconds. @throws {Error} the system error. */
  readNs(): number;
  /** Puts this process back where it came from. @throws {Error} the system error. */
  leave(): void;
  /** Removes it; this process and its guard have left it. @throws {Error} the system error. */
  remove(): void;
}

export interface ShimCgroupOptions {
  readonly hierarchy: CgroupHierarchy;
  readonly own: readonly ProcessCgroup[];
  readonly name: string;
}

const CONTROLLER = 'cpuacct';
const NS_PER_US = 1000;

/** @throws {Error} the system error when it may not be made, and an Error where the shim's own cgroup is not known. */
export function makeShimCgroup({ hierarchy, own, name }: ShimCgroupOptions): ShimCgroup {
  const path = findOwnPath(hierarchy, own, CONTROLLER);
  const parent = path === undefined ? undefined : cgroupDirectory(hierarchy, CONTROLLER, path)?.root;
  if (parent === undefined) {
    throw new Error('Cannot determine the cgroup of this process');
  }
  const directory = join(parent, name);
  // An existing one was left by a shim that was killed.
  mkdirSync(directory, { recursive: true });
  const move = (to: string): void => writeFileSync(join(to, 'cgroup.procs'), String(process.pid));
  const cpuPath = join(directory, hierarchy.kind === 'v2' ? 'cpu.stat' : 'cpuacct.usage');
  return {
    directory,
    cpuPath,
    enter: () => move(directory),
    // Either a number alone, or `usage_usec` in the first line.
    readNs: () => {
      const [first = '', second] = readFileSync(cpuPath, 'utf8').split(/\s+/);
      const ns = second === undefined || second === '' ? Number(first) : Number(second) * NS_PER_US;
      if (!Number.isFinite(ns)) {
        throw new Error(`"${cpuPath}" must begin with a CPU time, got "${first}"`);
      }
      return ns;
    },
    leave: () => move(parent),
    remove: () => rmdirSync(directory),
  };
}
