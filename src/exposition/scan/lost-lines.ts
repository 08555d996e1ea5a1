/**
 * What of a body is not in its scan. For those who have to say so.
 */
import type { FaultReason } from '../format/fault.ts';
import type { Scan } from './scanned-body.ts';

/** Why a good line is lost: its family has a faulty one, or is not whole. */
export type LostReason = 'in_faulty_family';

/** Lines that are lost, by reason, each counted once. */
export function countLostLines({ faultCounts, lines, sampleCount }: Scan): Map<FaultReason | LostReason, number> {
  const lost = new Map<FaultReason | LostReason, number>(faultCounts);
  // Of the lines that could be read, those that are doubles have a reason of their own.
  const inFaultyFamilies = lines.count - sampleCount - (faultCounts.get('duplicate_series') ?? 0);
  if (inFaultyFamilies > 0) {
    lost.set('in_faulty_family', inFaultyFamilies);
  }
  return lost;
}
