/**
 * Families whose names differ between the body of a program and the response of a node, and old names that are still sent.
 */
import type { FamilyDefinition } from './definition.ts';

/** A family whose name in a body begins with `startsWith` gets `prefix` before it. */
export interface Rename {
  readonly startsWith: string;
  readonly prefix: string;
}

/** The Go shim sends the families of its process under bare names, and so does ours. */
export const shimRenames: readonly Rename[] = [
  { startsWith: 'go_', prefix: 'kata_shim_' },
  { startsWith: 'process_', prefix: 'kata_shim_' },
];

/** Upstream agents of before 2022 send theirs bare. */
export const agentRenames: readonly Rename[] = [
  { startsWith: 'go_', prefix: 'kata_agent_' },
  { startsWith: 'process_', prefix: 'kata_agent_' },
];

/** The name in the response: `kata_shim_go_threads` for `go_threads`. Names without a rule stay. */
export function toFullName(renames: readonly Rename[], bareName: string): string {
  return (renames.find(({ startsWith }) => bareName.startsWith(startsWith))?.prefix ?? '') + bareName;
}

/** The inverse: `go_threads` for `kata_shim_go_threads`. Names without a rule stay. */
export function toBareName(renames: readonly Rename[], fullName: string): string {
  const rule = renames.find(({ startsWith, prefix }) => fullName.startsWith(prefix + startsWith));
  return fullName.slice(rule?.prefix.length ?? 0);
}

/**
 * The families of a catalog by the names that they had before, see `formerName`.
 * @throws Error where such a name belongs to two families
 */
export function findFormerNames(table: Readonly<Record<string, FamilyDefinition>>): Map<string, string> {
  const names = new Map<string, string>();
  for (const [name, { formerName }] of Object.entries(table)) {
    if (formerName === undefined) {
      continue;
    }
    if (Object.hasOwn(table, formerName) || names.has(formerName)) {
      throw new Error(`Former name "${formerName}" of family "${name}" belongs to another family of the catalog`);
    }
    names.set(formerName, name);
  }
  return names;
}
