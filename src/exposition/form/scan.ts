/**
 * Scans a body in one pass: its families, and for each sample line the offsets that relabelling needs. Faulty parts are
 * reported and omitted, and do not affect the rest of the body.
 */

import { runToEnd } from '../format/steps.ts';
import { BodyScanner } from '../scan/body-scanner.ts';
import { type BodyForm, formatRules, noFaults, type Scan, type ScanRules } from '../scan/scanned-body.ts';
import { matchBody } from './match-body.ts';
import { followForm } from './match-lines.ts';
import type { ValueSlabs } from './value-slabs.ts';

export interface ScanOptions {
  /** Default: `formatRules`. */
  readonly rules?: ScanRules;
  /** The body stopped half way: its last line and its last family are not known to be whole and are left out. */
  readonly isPartial?: boolean;
  /**
   * A form that the body may have, or be near to, as the bodies of one node are. Where HELP, TYPE and everything before
   * the value are the same bytes, what was found there is taken over instead of being worked out again; the result is
   * the same with and without. Its rules must be the same object, or it is not used. A body that has all of the form has
   * the form itself in its scan, and is not referred to by it.
   */
  readonly form?: BodyForm | undefined;
  /** Memory for the values of a body that matches the form. Default: memory for the garbage collector. */
  readonly slabs?: ValueSlabs | undefined;
  /** Counts the lines that matched a known form, and those that were scanned. */
  readonly paths?: ScanPaths | undefined;
}

/** How bodies were scanned. */
export interface ScanPaths {
  /** Bodies that had all of a form. */
  matchedBodies: number;
  /** Lines that were those of a form, in other bodies. */
  matchedLines: number;
  /** Lines that were read. */
  scannedLines: number;
}

/**
 * Scans a whole body of text 0.0.4. Never throws for what the body holds; costs time and memory linear in its size, and
 * yields after each small part of the work.
 */
export function* scanInSteps(body: Buffer, options: ScanOptions = {}): Generator<void, Scan> {
  const { slabs, paths, isPartial = false, rules = formatRules } = options;
  const form = options.form?.rules === rules ? options.form : undefined;
  const values = isPartial || form === undefined ? undefined : yield* matchBody(body, form, slabs);
  if (form === undefined || values === undefined) {
    return yield* new BodyScanner(body, { rules, isPartial, paths, ...followForm(form) }).run();
  }
  if (paths !== undefined) {
    paths.matchedBodies++;
  }
  return { form, values, faults: noFaults };
}

/** The same at once. */
export function scan(body: Buffer, options?: ScanOptions): Scan {
  return runToEnd(scanInSteps(body, options));
}
