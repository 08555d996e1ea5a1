/**
 * Groups the families of many scanned bodies by name and settles what they are called, what type they have and what
 * their HELP says. The plan it returns holds references only; the writers turn it into bytes.
 */

import type { ExtraLabels } from './extra-labels.ts';
import type { FamilyType } from './family.ts';
import type { Scan, ScannedFamily } from './scan.ts';

/** One body and what is added to it. */
export interface MergeSource {
  /** Names the source in conflicts: a sandbox id. */
  readonly id: string;
  readonly scan: Scan;
  /** Labels put behind the sample's own. */
  readonly labels: ExtraLabels;
}

export interface MergeOptions {
  /** Families whose name begins with one of these get `prefix` in front. Default: none. */
  readonly prefixes?: readonly { readonly startsWith: string; readonly prefix: string }[];
  /** Which families are wanted, by their final name. Default: all. */
  readonly isWanted?: (name: string) => boolean;
}

/** One source's share of a family. */
export interface MergePart {
  readonly source: MergeSource;
  readonly family: ScannedFamily;
}

export interface MergedFamily {
  readonly name: string;
  readonly type: FamilyType;
  /** HELP text, escaped as in text 0.0.4; undefined when no source had one. */
  readonly help: Buffer | undefined;
  /** Put in front of every sample name: the part of `name` that the bodies do not have. */
  readonly prefix: string;
  /** In the order of the sources. */
  readonly parts: readonly MergePart[];
}

/** A source's family that could not be merged, because others hold it to be of another type. */
export interface MergeConflict {
  readonly sourceId: string;
  /** The name it would have had in the answer. */
  readonly name: string;
  readonly family: ScannedFamily;
  readonly mergedType: FamilyType;
}

export interface MergePlan {
  /** Sorted by name, bytewise. */
  readonly families: readonly MergedFamily[];
  readonly conflicts: readonly MergeConflict[];
}

interface OpenFamily extends MergedFamily {
  type: FamilyType;
  help: Buffer | undefined;
  readonly parts: MergePart[];
}

/** Plans one answer from bodies in the order in which their samples are to stand. The first body's type and HELP win. */
export function planMerge(sources: Iterable<MergeSource>, options: MergeOptions = {}): MergePlan {
  const families = new Map<string, OpenFamily>();
  const conflicts: MergeConflict[] = [];
  const prefixOf = new Map<string, string>();
  for (const source of sources) {
    for (const family of source.scan.families) {
      let prefix = prefixOf.get(family.name);
      if (prefix === undefined) {
        prefix = options.prefixes?.find((rule) => family.name.startsWith(rule.startsWith))?.prefix ?? '';
        prefixOf.set(family.name, prefix);
      }
      const name = prefix === '' ? family.name : prefix + family.name;
      if (options.isWanted !== undefined && !options.isWanted(name)) {
        continue;
      }
      const type = family.type ?? 'unknown';
      // A name can be reached with a prefix and without; both go to one family only if they are written alike.
      const merged = families.get(name);
      if (merged === undefined) {
        families.set(name, { name, type, help: family.help, prefix, parts: [{ source, family }] });
      } else if (merged.type === type && merged.prefix === prefix) {
        merged.help ??= family.help;
        merged.parts.push({ source, family });
      } else {
        conflicts.push({ sourceId: source.id, name, family, mergedType: merged.type });
      }
    }
  }
  return { families: [...families.values()].sort((a, b) => (a.name < b.name ? -1 : 1)), conflicts };
}
