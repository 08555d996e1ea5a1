/**
 * Writes what generators make. With `--check` on the command line it writes nothing, reports on standard error what differs from the
 * committed files, and the process exits with 1 if anything does; scripts/check.ts runs the generators so.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const rootPath = join(import.meta.dirname, '..');
const end = '<!-- End of the generated part -->';

/**
 * @param files text by path from the repository
 * @param source what the files are made from, for messages
 * @param leftOver files that an earlier version of the generator has made: they are removed
 */
export function writeGeneratedFiles(
  files: ReadonlyMap<string, string>,
  source: string,
  leftOver: readonly string[] = [],
): void {
  const differing = [...files].filter(([path, text]) => readCommitted(path) !== text);
  if (process.argv.includes('--check')) {
    const faults = [
      ...differing.map(([path]) => `${path} differs from ${source}`),
      ...leftOver.map((path) => `${path} is there, but not in ${source}`),
    ];
    process.stderr.write(faults.map((fault) => `${fault}, run "npm run generate"\n`).join(''));
    if (faults.length > 0) {
      // Not 0 otherwise: a script may write several parts.
      process.exitCode = 1;
    }
    return;
  }
  for (const [path, text] of differing) {
    mkdirSync(dirname(join(rootPath, path)), { recursive: true });
    writeFileSync(join(rootPath, path), text);
  }
  for (const path of leftOver) {
    rmSync(join(rootPath, path));
  }
}

/**
 * Puts `text` between two comments of `document`, a path from the repository; what is around them is written by hand.
 * @param source the file that the text is made from, as the first comment names it
 */
export function writeGeneratedPart(document: string, source: string, text: string): void {
  const begin = `<!-- Generated from ${source} by npm run generate -->`;
  const present = readCommitted(document);
  const from = present.indexOf(begin);
  const to = present.indexOf(end, from);
  if (from === -1 || to === -1) {
    throw new Error(`${document} has no lines "${begin}" and "${end}"`);
  }
  writeGeneratedFiles(
    new Map([[document, `${present.slice(0, from)}${begin}\n\n${text}\n\n${present.slice(to)}`]]),
    source,
  );
}

/** Empty when there is no such file. */
function readCommitted(path: string): string {
  try {
    return readFileSync(join(rootPath, path), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return '';
    }
    throw error;
  }
}
