/**
 * Quotes words that the programs append to commands which users write in shell syntax. Other programs are started without
 * a shell.
 */

/** Quotes one word for the command line of a POSIX shell. */
export function quoteForShell(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
