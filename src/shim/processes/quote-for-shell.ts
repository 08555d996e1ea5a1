/**
 * For commands that people give as the shell reads them, with words of ours behind. Programs that we choose ourselves are
 * started without a shell.
 */

/** One word of a POSIX shell's command line. */
export function quoteForShell(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
