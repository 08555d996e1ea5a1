/**
 * Files of lines with a name and a figure. Pure.
 */

export interface Entry {
  readonly name: string;
  /** Digits. */
  readonly value: string;
  /** As the kernel writes it; undefined for plain counts. */
  readonly unit: string | undefined;
}

/** `Name:  123 kB`, `Name: 123` or `name 123`; other lines are left out. */
export function parseEntries(text: string): Entry[] {
  return Array.from(text.matchAll(/^(\S+?):?[ \t]+(\d+)(?: (kB))?[ \t]*$/gm), ([, name = '', value = '', unit]) => ({
    name,
    value,
    unit,
  }));
}
