/**
 * Finds what a TypeScript file imports, types too, by the text of its import statements. Relies on the formatter: an
 * import or export statement begins its line, ends with a semicolon and has single quotes. For scripts/import-law.ts.
 */

/** What a file imports, and how. */
export interface Import {
  /** As it is written. */
  readonly specifier: string;
  /** By `import()` or `process.getBuiltinModule()`, when the code that needs it runs. */
  readonly isLoaded: boolean;
  /** Only types: nothing is loaded. */
  readonly isType: boolean;
}

const statements = [
  { pattern: /^(?:import|export)\b[^;]*?\bfrom\s+'([^'\n]+)'/gm, isLoaded: false }, // import { a } from 'x', export * from 'x'
  { pattern: /^import\s+'([^'\n]+)'/gm, isLoaded: false }, // import 'x'
  { pattern: /\bimport\(\s*'([^'\n]+)'/g, isLoaded: true }, // await import('x'), import('x').Type
  { pattern: /\bgetBuiltinModule\(\s*'([^'\n]+)'/g, isLoaded: true }, // process.getBuiltinModule('node:x')
];

/** `import type { A } from 'x'`, `import { type A, type B } from 'x'`, and both with `export`. */
const TYPES_ONLY = /^(?:import|export)\s+(?:type\b|\{(?:\s*type\s[^,}]*,?)+\s*\})/;

/**
 * The imports of a file, each specifier once, sorted. One that is both imported and loaded counts as imported, and one of
 * which types and values are imported as that of values.
 */
export function findImports(text: string): Import[] {
  const found = new Map<string, Import>();
  for (const { pattern, isLoaded } of statements) {
    for (const [statement, specifier = ''] of text.matchAll(pattern)) {
      const isType = TYPES_ONLY.test(statement);
      const before = found.get(specifier);
      if (before === undefined || (before.isType && !isType && !isLoaded)) {
        found.set(specifier, { specifier, isLoaded, isType });
      }
    }
  }
  return [...found.values()].sort((a, b) => (a.specifier < b.specifier ? -1 : 1));
}
