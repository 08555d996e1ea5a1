/**
 * Text of sandboxes for the page. Preact inserts it as text; here control characters and changes of the writing direction
 * become visible, which could otherwise show another text than there is.
 */
import { toPrintableLine } from '../src/program/printable.ts';

export const toShown = toPrintableLine;
