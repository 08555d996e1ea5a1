/**
 * Completes a line of JSON that breaks off: the text up to its last complete value, with closed brackets. Pure; one pass
 * over the text.
 */

/** Limit of the depth, more than any line of Firecracker has; deeper values are ignored. */
const MAX_DEPTH = 16;

/**
 * JSON, or undefined when nothing of the text is complete. A number at the very end may go on: it is not taken. The text may
 * be no JSON at all, and then the result is none either.
 */
export function completePart(text: string): string | undefined {
  /** Brackets that are open, as they are closed. */
  const open: string[] = [];
  let end = 0;
  let closing = '';
  let isInString = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (isInString) {
      if (character === '\\') {
        at += 1;
      } else if (character === '"') {
        isInString = false;
      }
      continue;
    }
    switch (character) {
      case '"':
        isInString = true;
        break;
      case '{':
      case '[':
        open.push(character === '{' ? '}' : ']');
        break;
      case '}':
      case ']':
        if (open.pop() !== character) {
          return close(text, end, closing);
        }
        [end, closing] = [at + 1, open.toReversed().join('')];
        if (open.length === 0) {
          return close(text, end, closing);
        }
        break;
      case ',':
        [end, closing] = [at, open.toReversed().join('')];
        break;
    }
    if (open.length > MAX_DEPTH) {
      break;
    }
  }
  return close(text, end, closing);
}

function close(text: string, end: number, closing: string): string | undefined {
  return end === 0 ? undefined : text.slice(0, end) + closing;
}
