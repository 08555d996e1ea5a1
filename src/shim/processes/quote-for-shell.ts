/**
 * For commands that users write in shell syntax, to which this program appends words. Other programs are started without a
 * shell.
 */

/** Quotes one word for the command line of a POSIX shell. */
export function quoteForShell(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
