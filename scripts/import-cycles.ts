/**
 * Finds files that import each other in a ring. Pure; for scripts/import-law.ts.
 */

/**
 * One ring for every import that closes one, as paths with the first repeated at the end. `graph` has the targets of
 * each file; targets that are no key of it are left aside.
 */
export function findCycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = [];
  const finished = new Set<string>();
  const trail: string[] = [];

  function visit(path: string): void {
    if (finished.has(path)) {
      return;
    }
    const start = trail.indexOf(path);
    if (start !== -1) {
      cycles.push([...trail.slice(start), path]);
      return;
    }
    trail.push(path);
    for (const target of graph.get(path) ?? []) {
      visit(target);
    }
    trail.pop();
    finished.add(path);
  }

  for (const path of graph.keys()) {
    visit(path);
  }
  return cycles;
}
