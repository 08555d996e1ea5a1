/**
 * Finds what a TypeScript file imports, types too, by the text of its import statements. Relies on the formatter: an
 * import or export statement begins its line, ends with a semicolon and has single quotes. For scripts/import-law.ts.
 */

/** What a file imports, and how. */
export interface Import {
  /** As it is written. */
  readonly specifier: string;
  /** By `import()`, when the code that needs it runs. */
  readonly isLoaded: boolean;
}

const statements = [
  { pattern: /^(?:import|export)\b[^;]*?\bfrom\s+'([^'\n]+)'/gm, isLoaded: false }, // import { a } from 'x', export * from 'x'
  { pattern: /^import\s+'([^'\n]+)'/gm, isLoaded: false }, // import 'x'
  { pattern: /\bimport\(\s*'([^'\n]+)'/g, isLoaded: true }, // await import('x'), import('x').Type
];

/** The imports of a file, each specifier once, sorted; one that is both imported and loaded counts as imported. */
export function findImports(text: string): Import[] {
  const found = new Map<string, Import>();
  for (const { pattern, isLoaded } of statements) {
    for (const [, specifier = ''] of text.matchAll(pattern)) {
      if (!found.has(specifier)) {
        found.set(specifier, { specifier, isLoaded });
      }
    }
  }
  return [...found.values()].sort((a, b) => (a.specifier < b.specifier ? -1 : 1));
}
