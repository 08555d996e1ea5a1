/**
 * The part of a document that is generated, between two comments; what is around it is written by hand.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const end = '<!-- End of the generated part -->';

/**
 * Puts `text` between the comments of `document`, a path from the repository. With `--check` on the command line it only
 * reports whether the text is there, and the process exits with 1 when it is not.
 * @param source the file that the text is made from, as the first comment names it
 */
export function writeGeneratedPart(document: string, source: string, text: string): void {
  const path = join(import.meta.dirname, '..', document);
  const begin = `<!-- Generated from ${source} by npm run generate -->`;
  const present = readFileSync(path, 'utf8');
  const from = present.indexOf(begin);
  const to = present.indexOf(end, from);
  if (from === -1 || to === -1) {
    throw new Error(`${document} has no lines "${begin}" and "${end}"`);
  }
  const wanted = `${present.slice(0, from)}${begin}\n\n${text}\n\n${present.slice(to)}`;
  if (!process.argv.includes('--check')) {
    writeFileSync(path, wanted);
  } else if (wanted !== present) {
    process.stdout.write(`${document} does not have what ${source} says: npm run generate\n`);
    process.exitCode = 1;
  }
}
