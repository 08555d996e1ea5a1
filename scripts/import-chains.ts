/**
 * The longest chain of files that import each other in a module: how many files a reader goes through from its entry point
 * to the last one. `node scripts/import-chains.ts` prints that of each module; scripts/check.ts holds it to
 * `chainLimits`. Types count as imports too, and tests do not count.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importGraph, moduleOf } from './import-law.ts';

/** The most files that a chain may have, for modules that were hard to enter. */
export const chainLimits: Readonly<Record<string, number>> = { exposition: 6, monitor: 8 };

/** `graph` has no cycles; targets that are no key of it are left out. The first of chains of the same length. */
export function findDeepestChain(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const chains = new Map<string, string[]>();
  function chainOf(path: string): string[] {
    const known = chains.get(path);
    if (known !== undefined) {
      return known;
    }
    let deepest: string[] = [];
    for (const target of graph.get(path) ?? []) {
      if (graph.has(target) && chainOf(target).length > deepest.length) {
        deepest = chainOf(target);
      }
    }
    const chain = [path, ...deepest];
    chains.set(path, chain);
    return chain;
  }
  return [...graph.keys()]
    .map(chainOf)
    .reduce((deepest, chain) => (chain.length > deepest.length ? chain : deepest), []);
}

/** The longest chain of each module, by the text of the files below src/. */
export function findModuleChains(files: ReadonlyMap<string, string>): Map<string, string[]> {
  const graph = importGraph(new Map([...files].filter(([path]) => !path.endsWith('.test.ts'))));
  const modules = new Set([...graph.keys()].map(moduleOf).filter((module) => module !== undefined));
  return new Map(
    [...modules].map((module) => {
      const own = [...graph].filter(([path]) => moduleOf(path) === module);
      return [module, findDeepestChain(new Map(own))];
    }),
  );
}

/** One line for each chain that is longer than its limit. */
export function checkChains(files: ReadonlyMap<string, string>): string[] {
  return [...findModuleChains(files)].flatMap(([module, chain]) => {
    const limit = chainLimits[module];
    return limit !== undefined && chain.length > limit
      ? [`The longest chain of module "${module}" has ${chain.length} files, at most ${limit}: ${chain.join(' -> ')}`]
      : [];
  });
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..');
  const paths = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.ts'),
  );
  const files = new Map(paths.map((path) => [`src/${path}`, readFileSync(join(root, 'src', path), 'utf8')]));
  const chains = [...findModuleChains(files)].sort(([, a], [, b]) => b.length - a.length);
  for (const [module, chain] of chains) {
    const names = chain.map((path) => path.slice(`src/${module}/`.length));
    process.stdout.write(`${String(chain.length).padStart(2)} ${module}: ${names.join(' -> ')}\n`);
  }
}
