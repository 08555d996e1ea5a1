/**
 * What reading the body of a sandbox gives.
 */
import type { Scan } from '../../exposition/index.ts';

/** What is in a body. */
export interface ReadBody {
  readonly scan: Scan;
  /** Families that the monitor adds, worked out from it. */
  readonly figures: Scan;
  /** Whether it has samples of the guest, in the response or not. */
  readonly isGuestUp: boolean;
}

/** Whether a scan still needs the memory of this body. */
export function refersTo({ scan }: ReadBody, body: Buffer): boolean {
  return scan.form.series.body.buffer === body.buffer;
}
