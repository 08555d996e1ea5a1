/**
 * Prefixes of family names in options and queries, and the prefixes of the monitor.
 */

/** Families that only the monitor itself may emit. */
export const ownFamilyPrefixes: readonly string[] = ['kata_ended_sandboxes_', 'kata_monitor_', 'kata_sandbox_'];

const familyPrefix = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

/** Whether a family name can begin with the text. The empty string is not a prefix here: it would match every family. */
export function isFamilyPrefix(text: string): boolean {
  return familyPrefix.test(text);
}

/** Whether a name begins with one of them. */
export function startsWithAny(name: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => name.startsWith(prefix));
}

/** The longest of the prefixes that a name begins with, by its length; 0 when there is none. */
export function longestPrefixOf(name: string, prefixes: readonly string[]): number {
  let longest = 0;
  // A loop, because each scrape calls it twice for each family.
  for (const prefix of prefixes) {
    if (prefix.length > longest && name.startsWith(prefix)) {
      longest = prefix.length;
    }
  }
  return longest;
}
