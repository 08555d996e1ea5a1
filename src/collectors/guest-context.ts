/**
 * What the guest's collectors are given by the agent.
 */
import type { Procfs } from '../procfs/index.ts';

export interface GuestContext {
  readonly procfs: Procfs;
  /** Undefined where it is not known; figures in pages are left out then. */
  readonly pageSizeBytes: number | undefined;
}
