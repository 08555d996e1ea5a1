/**
 * One pass over a body: its families, and for each sample line the three offsets that relabelling needs. What is faulty
 * is reported and left out; the rest of the body is not touched by it.
 */
import { BodyScanner } from '../scan/body-scanner.ts';
import { formatRules, type Scan, type ScanRules } from '../scan/scanned-body.ts';
import { scanLikeWhole } from './like-whole.ts';
import type { ValueSlabs } from './value-slabs.ts';

export interface ScanOptions {
  /** Default: `formatRules`. */
  readonly rules?: ScanRules;
  /** The body stopped half way: its last line and its last family are not known to be whole and are left out. */
  readonly isPartial?: boolean;
  /**
   * The scan of a body that this one may resemble, as the bodies of one node do. Where HELP, TYPE and everything before
   * the value are the same bytes, what was found there is taken over instead of being worked out again; the result is
   * the same with and without. Its rules must be the same object, or it is not used.
   */
  readonly like?: Scan | undefined;
  /** Where the values of a body are put that is like another. Default: memory that is not given back by anybody. */
  readonly slabs?: ValueSlabs | undefined;
}

/** Scans a whole body of text 0.0.4. Never throws for what the body holds; costs time and memory linear in its size. */
export function scan(body: Buffer, options: ScanOptions = {}): Scan {
  const { like, slabs, isPartial = false, rules = formatRules } = options;
  const known = isPartial || like?.rules !== rules ? undefined : scanLikeWhole(body, like, slabs);
  return known ?? new BodyScanner(body, rules, like, isPartial).run();
}
