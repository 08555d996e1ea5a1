/**
 * What scanning a body gives, and the rules that it is scanned by.
 */
import type { FamilyType } from '../format/family.ts';
import type { Fault, FaultReason } from '../format/fault.ts';
import type { LineTable } from './line-table.ts';
import type { SampleRules } from './sample-scanner.ts';

/** What every body of one collection is held to. */
export interface ScanRules extends SampleRules {
  readonly maxSamples: number;
  /** Families need memory even when they have no samples. Default: no bound. */
  readonly maxFamilies?: number;
  /** Of one HELP text, as it stands in the body. Default: no bound. */
  readonly maxHelpBytes?: number;
  /** The type of a family, by its name in the body, for samples that come without a TYPE line. Default: not known. */
  readonly typeOf?: (name: string) => FamilyType | undefined;
}

/** Nothing beyond what the format itself demands. */
export const formatRules: ScanRules = {
  reservedLabels: [],
  maxLabels: Number.POSITIVE_INFINITY,
  maxLabelValueBytes: Number.POSITIVE_INFINITY,
  maxSamples: Number.POSITIVE_INFINITY,
};

/** Sample lines of one family that stand together. */
export interface Segment {
  /** Number of the first line in `Scan.lines`. */
  readonly from: number;
  /** Number of the line behind the last. */
  readonly to: number;
}

/** A family of a scanned body. */
export interface ScannedFamily {
  readonly name: string;
  /** Undefined where no TYPE line said it. */
  readonly type: FamilyType | undefined;
  /** HELP text as it stands in the body, escapes and all; undefined without a HELP line. */
  readonly help: Buffer | undefined;
  /** Mostly one; none for a family without samples. */
  readonly segments: readonly Segment[];
  /** Its HELP and TYPE lines; undefined where they do not stand together, directly in front of the samples. */
  readonly head: FamilyHead | undefined;
}

/** Where the HELP and TYPE lines of a family are in the body, or in that of which it took over the list. */
export interface FamilyHead {
  readonly start: number;
  readonly end: number;
  readonly lines: number;
}

export interface Scan {
  readonly rules: ScanRules;
  readonly lines: LineTable;
  /** In the order in which the body has them. The list of a body that is like another in all its lines is that one's. */
  readonly families: readonly ScannedFamily[];
  /** Samples in `families`; the lines of faulty families are in `lines` too. */
  readonly sampleCount: number;
  /** Whether any line has a timestamp: those are not written alike in every form. */
  readonly hasTimestamps: boolean;
  /** The first faults of the body, in its order. */
  readonly faults: readonly Fault[];
  /** Lines at fault, by reason, all of them counted. */
  readonly faultCounts: ReadonlyMap<FaultReason, number>;
}

export function countSamples(family: ScannedFamily): number {
  return family.segments.reduce((sum, { from, to }) => sum + to - from, 0);
}
