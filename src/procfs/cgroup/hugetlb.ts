/**
 * The sizes of huge pages for which a cgroup has files. The agent calls this before it reads them.
 */
import type { Procfs } from '../read.ts';
import { readNames } from '../read-directory.ts';

/** A cgroup of all controllers has about a hundred files, and a directory for each child. */
const MAX_NAMES = 100_000;

/** Sizes as the names of files have them, such as `2MB`; none where the controller is not there. */
export async function readHugetlbSizes(cgroup: Procfs): Promise<string[]> {
  const names = (await readNames(cgroup, [], MAX_NAMES)) ?? [];
  return findHugetlbSizes(names);
}

/** Returns the sizes, such as `2MB`, from the names of the files of a cgroup. */
export function findHugetlbSizes(names: readonly string[]): string[] {
  const sizes = names.flatMap((name) => /^hugetlb\.(\d+[KMGT]B)\.(?:current|usage_in_bytes)$/.exec(name)?.[1] ?? []);
  return sizes.sort();
}
