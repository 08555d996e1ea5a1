/**
 * Creates the scan of a body with a form from its values, without creating or reading the body.
 */
import { type BodyForm, noFaults, type Scan } from '../scan/scanned-body.ts';
import { ValueSlabs } from './value-slabs.ts';

/** Slabs for callers without their own. */
const commonSlabs = new ValueSlabs();

/** A scan of a form with these values, spelled as the text format does: one for each of its lines, in their order. */
export function withValues(form: BodyForm, values: readonly string[], slabs = commonSlabs): Scan {
  const text = values.join('');
  const store = slabs.take(values.length, text.length);
  store.bytes.write(text, 'latin1');
  let at = 0;
  for (let i = 0; i < values.length; i++) {
    store.offsets[2 * i] = at;
    at += values[i]!.length;
    store.offsets[2 * i + 1] = at;
  }
  return { form, values: store, faults: noFaults };
}
