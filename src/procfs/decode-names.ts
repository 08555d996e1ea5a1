/**
 * Decodes bytes of /proc as text. Names of interfaces, disks, programs and paths are bytes, and most but not all of them
 * are UTF-8. Two different names must never become one text, because two series would then have the same labels. Pure.
 */
import { isUtf8 } from 'node:buffer';

/** Text that looks like an escape of ours. Its backslash is escaped, so that no name can be mistaken for another. */
const LOOKS_ESCAPED = /\\(?=x(?:[89a-f][0-9a-f]|5c))/g;
const ESCAPED_BACKSLASH = '\\x5c';

/**
 * Matches one character of UTF-8 as Latin-1 text of its bytes, or one byte that is part of none. See table 3-7 of Unicode.
 */
const CHARACTER_OR_BYTE =
  /[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}|[\x80-\xff]/g;

/** UTF-8 as it is, each byte that is not UTF-8 as `\xff`. Different bytes give different texts. */
export function decodeNames(bytes: Buffer): string {
  if (isUtf8(bytes)) {
    return escapeBackslashes(bytes.toString('utf8'));
  }
  return escapeBackslashes(bytes.toString('latin1')).replace(CHARACTER_OR_BYTE, (characters) =>
    characters.length === 1
      ? `\\x${characters.charCodeAt(0).toString(16)}`
      : Buffer.from(characters, 'latin1').toString('utf8'),
  );
}

function escapeBackslashes(text: string): string {
  return text.includes('\\x') ? text.replace(LOOKS_ESCAPED, ESCAPED_BACKSLASH) : text;
}
