/**
 * One pass over a body: its families, and for each sample line the three offsets that relabelling needs. What is faulty
 * is reported and left out; the rest of the body is not touched by it.
 */
import { BodyScanner } from './body-scanner.ts';
import type { FamilyType } from './family.ts';
import type { Fault, FaultReason } from './fault.ts';
import type { LineTable } from './line-table.ts';
import type { OpenFamily } from './open-family.ts';
import type { SampleRules } from './sample-scanner.ts';

/** What every body of one collection is held to. */
export interface ScanRules extends SampleRules {
  readonly maxSamples: number;
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
}

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
}

export interface Scan {
  readonly rules: ScanRules;
  readonly lines: LineTable;
  /** In the order in which the body has them. */
  readonly families: readonly OpenFamily[];
  /** Samples in `families`; the lines of faulty families are in `lines` too. */
  readonly sampleCount: number;
  /** Whether any line has a timestamp: those are not written alike in every form. */
  readonly hasTimestamps: boolean;
  /** The first faults of the body, in its order. */
  readonly faults: readonly Fault[];
  /** Lines at fault, by reason, all of them counted. */
  readonly faultCounts: ReadonlyMap<FaultReason, number>;
}

/** Scans a whole body of text 0.0.4. Never throws for what the body holds; costs time and memory linear in its size. */
export function scan(body: Buffer, options: ScanOptions = {}): Scan {
  return new BodyScanner(body, options.rules ?? formatRules, options.like, options.isPartial === true).run();
}

export function countSamples(family: ScannedFamily): number {
  return family.segments.reduce((sum, { from, to }) => sum + to - from, 0);
}
