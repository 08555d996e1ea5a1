/**
 * A family while its body is being scanned.
 */
import type { FamilyType } from '../format/family.ts';
import { canHaveSuffix, splitSuffix } from '../format/suffixes.ts';
import type { FamilyHead, ScannedFamily, Segment } from './scanned-body.ts';

export class OpenFamily implements ScannedFamily {
  readonly name: string;
  type: FamilyType | undefined = undefined;
  /** The type that a TYPE line said; `type` can also be one that the rules know. */
  statedType: FamilyType | undefined = undefined;
  help: Buffer | undefined = undefined;
  segments: Segment[] = [];
  /** Holds a line that cannot be read: the family is not passed on. */
  isFaulty = false;
  /** Whether a line does not come from a known form: only then can a series be a duplicate. */
  hasNewLines = false;
  #headStart = 0;
  #headEnd = 0;
  #headLines = 0;
  #commentLines = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** A type that no TYPE line said is not to be taken over with the head. */
  get head(): FamilyHead | undefined {
    const isTogether = this.#headLines > 0 && this.#headLines === this.#commentLines && this.type === this.statedType;
    return isTogether ? { start: this.#headStart, end: this.#headEnd, lines: this.#headLines } : undefined;
  }

  /** Returns the scanned family. */
  close(): ScannedFamily {
    const { name, type, help, segments, head } = this;
    return { name, type, help, segments, head };
  }

  /** Notes `lines` of HELP and TYPE between two offsets. */
  addComments(start: number, next: number, lines: number): void {
    if (this.#headEnd !== start || this.#headLines === 0) {
      this.#headStart = start;
      this.#headLines = 0;
    }
    this.#headEnd = next;
    this.#headLines += lines;
    this.#commentLines += lines;
  }
}

/** `foo_bucket` met before `# TYPE foo histogram` goes to `foo` once that is known. */
export function adoptStrays(families: Map<string, OpenFamily>): void {
  for (const stray of families.values()) {
    const split = stray.type === undefined ? splitSuffix(stray.name) : undefined;
    const owner = split === undefined ? undefined : families.get(split.name);
    if (owner?.type !== undefined && canHaveSuffix(owner.type, split!.suffix)) {
      // Not spread: a body may have more segments than a call may have arguments.
      for (const segment of stray.segments) {
        owner.segments.push(segment);
      }
      owner.isFaulty ||= stray.isFaulty;
      owner.hasNewLines = true;
      families.delete(stray.name);
    }
  }
}
