/**
 * Finds what a TypeScript file imports, types too, by the text of its import statements. Relies on the formatter: an
 * import or export statement begins its line, ends with a semicolon and has single quotes. For scripts/import-law.ts.
 */

const statements = [
  /^(?:import|export)\b[^;]*?\bfrom\s+'([^'\n]+)'/gm, // import { a } from 'x', export * from 'x'
  /^import\s+'([^'\n]+)'/gm, // import 'x'
  /\bimport\(\s*'([^'\n]+)'/g, // await import('x'), import('x').Type
];

/** The specifiers of a file as they are written, each once, sorted. */
export function findImports(text: string): string[] {
  const found = statements.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1] ?? ''));
  return [...new Set(found)].sort();
}
