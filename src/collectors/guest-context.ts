/**
 * What the agent passes to the collectors of the guest.
 */
import type { Procfs } from '../procfs/index.ts';

export interface GuestContext {
  readonly procfs: Procfs;
  /** Undefined where it is not known; values in pages are then omitted. */
  readonly pageSizeBytes: number | undefined;
}
