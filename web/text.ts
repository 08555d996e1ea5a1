/**
 * Text of sandboxes for the page. Preact inserts it as text; here control characters and changes of the writing direction
 * are made visible, because they could otherwise hide the real text.
 */
import { toPrintableLine } from '../src/program/printable.ts';

export const toShown = toPrintableLine;
