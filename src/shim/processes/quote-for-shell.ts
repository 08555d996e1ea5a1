/**
 * For commands that users write in shell syntax, to which this program appends words. Other programs are started without a
 * shell.
 */

/** One word of a POSIX shell's command line. */
export function quoteForShell(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
