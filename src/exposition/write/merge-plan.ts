/**
 * What a merge takes and what it gives: references to lines of scanned bodies, no bytes. The writers turn it into bytes.
 */
import type { ExtraLabels } from '../format/extra-labels.ts';
import type { FamilyType } from '../format/family.ts';
import type { Scan, ScannedFamily } from '../scan/scanned-body.ts';

/** What becomes of a body's family: named with a prefix in front (maybe none), or not allowed. */
export type FamilyPlace = { readonly kind: 'named'; readonly prefix: string } | { readonly kind: 'forbidden' };

/** Decides by a family's name in its body. Called once for each name in a plan. */
export type Naming = (name: string) => FamilyPlace;

/** One body and what is made of it. */
export interface MergeSource {
  /** Names the source in refusals: a sandbox id. */
  readonly id: string;
  readonly scan: Scan;
  /** Labels put behind the sample's own. */
  readonly labels: ExtraLabels;
  readonly naming: Naming;
  /** When its counters and histograms began, in milliseconds since 1970. Only protobuf says it. Default: not known. */
  readonly createdMs?: number;
}

export interface MergeOptions {
  /** The type that a family is known to have, by its final name; it wins over what bodies say. */
  readonly typeOf?: (name: string) => FamilyType | undefined;
  /** The HELP text that a family is known to have, escaped as in text 0.0.4; used where sources have none or differ. */
  readonly helpOf?: (name: string) => Buffer | undefined;
}

/** The share that sources have in a family which stand one behind the other and are alike in it. */
export interface MergePart {
  /** Where each of them has it in its lines. */
  readonly family: ScannedFamily;
  readonly sources: readonly MergeSource[];
}

export interface MergedFamily {
  readonly name: string;
  readonly type: FamilyType;
  /** Whether the type is one that was known before any body said it. */
  readonly isKnown: boolean;
  /** HELP text, escaped as in text 0.0.4: the one that all sources have, else the known one, else the first. */
  readonly help: Buffer | undefined;
  /** Put in front of every sample name: the part of `name` that the bodies do not have. */
  readonly prefix: string;
  /** In the order of the sources, but for samples of distributions that are given as untyped families: those come last. */
  readonly parts: readonly MergePart[];
}

export type MergeRefusalReason = 'conflicting_family' | 'forbidden_family' | 'not_in_openmetrics';

/** A source's family that is not in the answer. */
export interface MergeRefusal {
  readonly source: MergeSource;
  readonly family: ScannedFamily;
  readonly reason: MergeRefusalReason;
}

export interface MergePlan {
  /** Sorted by name, bytewise. */
  readonly families: readonly MergedFamily[];
  readonly refusals: readonly MergeRefusal[];
}
