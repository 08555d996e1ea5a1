/**
 * A family while its body is being scanned.
 */
import type { FamilyType } from './family.ts';
import type { ScannedFamily, Segment } from './scan.ts';

export class OpenFamily implements ScannedFamily {
  readonly name: string;
  readonly nameBytes: Uint8Array;
  type: FamilyType | undefined = undefined;
  /** The type that a TYPE line said; `type` can also be one that the rules know. */
  statedType: FamilyType | undefined = undefined;
  help: Buffer | undefined = undefined;
  segments: Segment[] = [];
  /** Holds a line that cannot be read: the family is not passed on. */
  isFaulty = false;
  /** Holds a line that was not taken over from a twin: only then can a series be there twice. */
  hasNewLines = false;
  /** Its HELP and TYPE lines, as far as they stand together: where, and how many. */
  headStart = 0;
  headEnd = 0;
  headLines = 0;
  /** All its HELP and TYPE lines. */
  commentLines = 0;

  constructor(name: string, nameBytes: Uint8Array) {
    this.name = name;
    this.nameBytes = nameBytes;
  }

  /** Notes a HELP or TYPE line. */
  addComment(start: number, next: number): void {
    if (this.headEnd !== start || this.headLines === 0) {
      this.headStart = start;
      this.headLines = 0;
    }
    this.headEnd = next;
    this.headLines++;
    this.commentLines++;
  }
}

const suffixesOfType: Readonly<Record<FamilyType, readonly string[]>> = {
  counter: [''],
  gauge: [''],
  unknown: [''],
  histogram: ['_bucket', '_count', '_sum'],
  summary: ['', '_count', '_sum'],
};

/** Whether a sample called family name + `suffix` can be in a family of that type. */
export function canHaveSuffix(type: FamilyType | undefined, suffix: string): boolean {
  return suffixesOfType[type ?? 'unknown'].includes(suffix);
}

/** Splits `foo_bucket` into `foo` and `_bucket`; undefined for a name that has no such end. */
export function splitSuffix(sampleName: string): { readonly name: string; readonly suffix: string } | undefined {
  const suffix = /_(?:bucket|count|sum)$/.exec(sampleName);
  return suffix === null ? undefined : { name: sampleName.slice(0, suffix.index), suffix: suffix[0] };
}
