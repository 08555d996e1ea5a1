/**
 * Takes the lines out of a body that nobody wants, before it is scanned: they are not read further than to their name, not
 * copied, and not judged. What cannot be told to be unwanted stays, so that the scanner finds what is wrong with it.
 */
import { ByteSet } from './byte-set.ts';
import { isLineEnd, skipBlanks } from './bytes.ts';
import { byteClass, HASH, LF, NAME_PART, NAME_START, SPACE } from './characters.ts';
import { parseComment } from './comment.ts';
import type { FamilyType } from './family.ts';
import { type LabelChoice, LabelFilter } from './label-filter.ts';
import { canHaveSuffix, splitSuffix } from './open-family.ts';
import { isSameWords, viewOf } from './words.ts';

/** What is wanted of a family. */
export type FamilyChoice = 'all' | 'none' | LabelChoice;

export interface SieveOptions {
  /** By the name that a family has in the body. Asked once for each name. */
  readonly choose: (name: string) => FamilyChoice;
  /** The type of a family that comes without a TYPE line. */
  readonly typeOf?: (name: string) => FamilyType | undefined;
}

export interface SiftedBody {
  /** The wanted lines as they were; memory of its own. */
  readonly kept: Buffer;
  /** Whether the body's last line was wanted: only then can its last family be one that was cut off. */
  readonly isLastKept: boolean;
}

type Decision = 'all' | 'none' | LabelFilter;

/** More names than any honest node has; a hostile one's are decided anew each time. */
const MAX_REMEMBERED_NAMES = 4096;
const MAX_REMEMBERED_NAME_BYTES = 256;
/** What samples of histograms and summaries have behind the name of their family. */
const suffixes = new ByteSet(['_bucket', '_count', '_sum']);
/** First letters of the types whose samples have more names than one. */
const LETTER_H = 104;
const LETTER_S = 115;
/** What is taken as scratch memory at once. */
const SCRATCH_STEP_BYTES = 64 * 1024;

/** Both are of one length. */
const HELP_WORD = viewOf(Buffer.from('# HELP '));
const TYPE_WORD = viewOf(Buffer.from('# TYPE '));
/** A larger body's scratch memory is not kept. */
const MAX_SCRATCH_BYTES = 1024 * 1024;

export class Sieve {
  readonly #options: SieveOptions;
  readonly #decisions = new Map<string, Decision>();
  #scratch = Buffer.alloc(0);
  #bytes: Buffer = Buffer.alloc(0);
  #words = viewOf(Buffer.alloc(0));
  /** Of the family that the last line belonged to: what is wanted of it, its type, and where in the body its name is. */
  #decision: Decision | undefined = undefined;
  #type: FamilyType | undefined = undefined;
  #nameStart = 0;
  #nameEnd = 0;

  constructor(options: SieveOptions) {
    this.#options = options;
  }

  /** `numbers` gets the number, from 1, that each line of `kept` has in the body. */
  sift(body: Buffer, numbers?: number[]): SiftedBody {
    this.#bytes = body;
    this.#words = viewOf(body);
    this.#leaveFamily();
    const scratch = this.#takeScratch(body.length);
    let kept = 0;
    let runStart = 0;
    let isLastKept = false;
    for (let at = 0, number = 1; at < body.length; number++) {
      const end = body.indexOf(LF, at) + 1 || body.length;
      isLastKept = this.#isWanted(at, end);
      if (isLastKept) {
        numbers?.push(number);
      } else {
        kept += runStart < at ? body.copy(scratch, kept, runStart, at) : 0;
        runStart = end;
      }
      at = end;
    }
    kept += runStart < body.length ? body.copy(scratch, kept, runStart) : 0;
    return { kept: Buffer.from(scratch.subarray(0, kept)), isLastKept };
  }

  #takeScratch(bytes: number): Buffer {
    if (this.#scratch.length >= bytes) {
      return this.#scratch;
    }
    const scratch = Buffer.allocUnsafeSlow(Math.ceil(bytes / SCRATCH_STEP_BYTES) * SCRATCH_STEP_BYTES);
    if (scratch.length <= MAX_SCRATCH_BYTES) {
      this.#scratch = scratch;
    }
    return scratch;
  }

  #isWanted(lineStart: number, end: number): boolean {
    const bytes = this.#bytes;
    const start = skipBlanks(bytes, lineStart);
    const first = bytes[start];
    if (first === HASH) {
      return this.#isCommentWanted(start, end);
    }
    if (first !== undefined && (byteClass[first]! & NAME_START) !== 0) {
      return this.#isSampleWanted(start, end);
    }
    this.#leaveFamily();
    return !isLineEnd(bytes, start);
  }

  #leaveFamily(): void {
    this.#decision = undefined;
    this.#type = undefined;
    this.#nameEnd = this.#nameStart;
  }

  #isCommentWanted(start: number, end: number): boolean {
    const bytes = this.#bytes;
    const isType = this.#isWordAt(start, end, TYPE_WORD);
    if (isType || this.#isWordAt(start, end, HELP_WORD)) {
      const nameStart = start + HELP_WORD.byteLength;
      const nameEnd = findNameEnd(bytes, nameStart);
      const isTypeWithSuffixes = isType && (bytes[nameEnd + 1] === LETTER_H || bytes[nameEnd + 1] === LETTER_S);
      const isName = (byteClass[bytes[nameStart]!]! & NAME_START) !== 0;
      if (isName && bytes[nameEnd] === SPACE && !isTypeWithSuffixes) {
        this.#enter(nameStart, nameEnd);
        return this.#decision !== 'none';
      }
    }
    const comment = parseComment(bytes, start, bytes[end - 1] === LF ? end - 1 : end);
    if (comment.kind === 'other') {
      return false;
    }
    if (comment.family === undefined) {
      return true;
    }
    const nameStart = bytes.indexOf(comment.family, start + 'HELP'.length, 'latin1');
    this.#enter(nameStart, nameStart + comment.family.length);
    if (comment.kind === 'type') {
      this.#type = comment.type;
    }
    return this.#decision !== 'none';
  }

  #isWordAt(start: number, end: number, word: DataView): boolean {
    return start + word.byteLength < end && isSameWords(this.#words, start, start + word.byteLength, word, 0);
  }

  #isSampleWanted(start: number, end: number): boolean {
    let nameEnd = this.#findNameEndInFamily(start);
    if (nameEnd === 0) {
      nameEnd = findNameEnd(this.#bytes, start);
      this.#enter(start, start + this.#familyLength(this.#bytes.toString('latin1', start, nameEnd)));
    }
    const decision = this.#decision!;
    return decision === 'all' || (decision !== 'none' && decision.passes(this.#bytes, nameEnd, end));
  }

  /** Where the name of the sample at `start` ends, or 0 when it is not of the family of the last line. */
  #findNameEndInFamily(start: number): number {
    const bytes = this.#bytes;
    const familyEnd = start + this.#nameEnd - this.#nameStart;
    if (
      familyEnd === start ||
      familyEnd >= bytes.length ||
      !isSameWords(this.#words, start, familyEnd, this.#words, this.#nameStart)
    ) {
      return 0;
    }
    if ((byteClass[bytes[familyEnd]!]! & NAME_PART) === 0) {
      return familyEnd;
    }
    if (this.#type !== 'histogram' && this.#type !== 'summary') {
      return 0;
    }
    const nameEnd = findNameEnd(bytes, familyEnd);
    return suffixes.has(bytes, familyEnd, nameEnd) ? nameEnd : 0;
  }

  /** How much of a sample's name is the name of its family, which has no TYPE line in front of it. */
  #familyLength(sampleName: string): number {
    const split = splitSuffix(sampleName);
    const type = split === undefined ? undefined : this.#options.typeOf?.(split.name);
    return type !== undefined && canHaveSuffix(type, split!.suffix) ? split!.name.length : sampleName.length;
  }

  /** Makes the family whose name stands there the one that lines belong to. */
  #enter(nameStart: number, nameEnd: number): void {
    const length = nameEnd - nameStart;
    const isSame =
      this.#decision !== undefined &&
      length === this.#nameEnd - this.#nameStart &&
      isSameWords(this.#words, nameStart, nameEnd, this.#words, this.#nameStart);
    if (isSame) {
      return;
    }
    const name = this.#bytes.toString('latin1', nameStart, nameEnd);
    this.#decision = this.#decide(name);
    this.#type = this.#options.typeOf?.(name);
    this.#nameStart = nameStart;
    this.#nameEnd = nameEnd;
  }

  #decide(name: string): Decision {
    let decision = this.#decisions.get(name);
    if (decision === undefined) {
      const choice = this.#options.choose(name);
      decision = typeof choice === 'string' ? choice : new LabelFilter(choice);
      if (this.#decisions.size < MAX_REMEMBERED_NAMES && name.length <= MAX_REMEMBERED_NAME_BYTES) {
        this.#decisions.set(name, decision);
      }
    }
    return decision;
  }
}

function findNameEnd(bytes: Uint8Array, start: number): number {
  let at = start;
  while ((byteClass[bytes[at]!]! & NAME_PART) !== 0) {
    at++;
  }
  return at;
}
