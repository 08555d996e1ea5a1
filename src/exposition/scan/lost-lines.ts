/**
 * Counts the lines of a body that are not in its scan, for components that report them.
 */
import type { FaultReason } from '../format/fault.ts';
import type { Scan } from './scanned-body.ts';

/** Why a good line is lost: its family has a faulty one, or is not whole. */
export type LostReason = 'in_faulty_family';

/** Lines that are lost, by reason, each counted once. */
export function countLostLines({ form, faults }: Scan): Map<FaultReason | LostReason, number> {
  const lost = new Map<FaultReason | LostReason, number>(faults.counts);
  // Duplicates are lines that could be read, and have their own reason.
  const inFaultyFamilies = form.series.count - form.sampleCount - (faults.counts.get('duplicate_series') ?? 0);
  if (inFaultyFamilies > 0) {
    lost.set('in_faulty_family', inFaultyFamilies);
  }
  return lost;
}
