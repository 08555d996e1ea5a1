/**
 * Finds the cgroup of a container: as configured, or by the container's id, which runtimes put into the name of the
 * directory. Called for each StatsContainer. A path that was found is remembered and checked again.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isId } from '../../ids/index.ts';
import { type CgroupHierarchy, cgroupDirectory, readCgroupProcs } from '../../procfs/index.ts';

/** Pods' cgroups lie four or five deep. */
const MAX_DEPTH = 8;
/** A guest with systemd and a hundred containers has some hundreds. */
const MAX_DIRECTORIES = 10_000;
/** Limit of containers whose cgroup is remembered; a guest has as many as its pod. */
const MAX_REMEMBERED = 1_000;

export class ContainerFinder {
  readonly #hierarchy: CgroupHierarchy;
  readonly #configured: ReadonlyMap<string, string>;
  readonly #found = new Map<string, string>();

  readonly #maxDirectories: number;

  /** `configured`: paths in the hierarchy, by id. */
  constructor(hierarchy: CgroupHierarchy, configured: ReadonlyMap<string, string>, maxDirectories = MAX_DIRECTORIES) {
    this.#hierarchy = hierarchy;
    this.#configured = configured;
    this.#maxDirectories = maxDirectories;
  }

  /** The path in the hierarchy, such as `/kubepods/pod1/<id>`; undefined when there is no such cgroup. */
  async find(id: string): Promise<string | undefined> {
    const known = this.#configured.get(id) ?? this.#found.get(id);
    if (known !== undefined && (await this.#isThere(known))) {
      return known;
    }
    this.#found.delete(id);
    const path = isId(id) ? this.#search(id) : undefined;
    if (path !== undefined && this.#found.size < MAX_REMEMBERED) {
      this.#found.set(id, path);
    }
    return path;
  }

  /** Paths by id of the containers that are configured or were found. */
  list(): ReadonlyMap<string, string> {
    return new Map([...this.#found, ...this.#configured]);
  }

  async #isThere(path: string): Promise<boolean> {
    const directory = this.#directory(path);
    return directory !== undefined && (await readCgroupProcs(directory)) !== undefined;
  }

  /** Breadth first: the cgroup of a container comes before those that it has made in itself. */
  #search(id: string): string | undefined {
    let level = ['/'];
    let left = this.#maxDirectories;
    for (let depth = 0; depth < MAX_DEPTH && level.length > 0; depth++) {
      const next: string[] = [];
      for (const parent of level) {
        for (const name of this.#children(parent)) {
          if (isNamedAfter(name, id)) {
            return join(parent, name);
          }
          left -= 1;
          if (left < 0) {
            throw new RangeError(`Cannot find container "${id}": there are more than ${this.#maxDirectories} cgroups`);
          }
          next.push(join(parent, name));
        }
      }
      level = next;
    }
    return undefined;
  }

  #children(path: string): string[] {
    const directory = this.#directory(path);
    try {
      const entries = directory === undefined ? [] : readdirSync(directory.root, { withFileTypes: true });
      return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    } catch {
      // Removed since its parent was listed, or closed to the agent: other cgroups can still be the container's.
      return [];
    }
  }

  #directory(path: string) {
    return cgroupDirectory(this.#hierarchy, 'memory', path) ?? cgroupDirectory(this.#hierarchy, 'cpuacct', path);
  }
}

/** The id itself, or a scope of systemd: `cri-containerd-<id>.scope`. */
function isNamedAfter(name: string, id: string): boolean {
  return name === id || name.endsWith(`-${id}.scope`);
}
