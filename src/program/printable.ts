/**
 * Text of others for a terminal. A guest chooses names, labels and messages; an escape sequence in them could rename the
 * window, hide lines, or type commands, and a change of the writing direction shows another text than there is. Called
 * wherever a program writes what it has not made itself.
 */

/** C0 but tab and line feed, DEL, C1, and what changes the writing direction: UAX #9, section 2. */
const forbidden = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** Returns the text with an escape such as `\u001b` for each such character. Tabs and line ends stay. */
export function toPrintable(text: string): string {
  return text.replace(forbidden, escapeCharacter);
}

/** Returns the same in one line: tabs and line ends are escaped too. */
export function toPrintableLine(text: string): string {
  return toPrintable(text).replace(/[\n\t]/g, escapeCharacter);
}

/** JSON leaves DEL, C1 and the marks of direction as they are; as escapes they mean the same. */
export function toPrintableJson(value: unknown, space?: number): string {
  return toPrintable(JSON.stringify(value, undefined, space));
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
