/**
 * Makes the scan of a body that is another's but for its values, without making or reading the body.
 */
import { LineTable } from '../scan/line-table.ts';
import type { Scan } from '../scan/scanned-body.ts';
import { ValueSlabs } from './value-slabs.ts';

/** For those who bring none. */
const commonSlabs = new ValueSlabs();

/** `like` with other values, spelled as the text format does: one for each of its lines, in their order. */
export function replaceValues(like: Scan, values: readonly string[], slabs = commonSlabs): Scan {
  const text = values.join('');
  const store = slabs.take(values.length, text.length);
  store.bytes.write(text, 'latin1');
  let at = 0;
  for (let i = 0; i < values.length; i++) {
    store.offsets[2 * i] = at;
    at += values[i]!.length;
    store.offsets[2 * i + 1] = at;
  }
  return { ...like, lines: LineTable.withValues(like.lines, store) };
}
