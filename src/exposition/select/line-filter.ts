/**
 * Filters the lines of a body before it is scanned: lines that are not selected are read only up to their name, not copied,
 * and not checked. Lines that cannot be classified are kept, so that the scanner reports their faults.
 */
import { ByteSet } from '../format/byte-set.ts';
import { byteClass, HASH, isLineEnd, LF, NAME_PART, NAME_START, SPACE, skipBlanks } from '../format/characters.ts';
import type { FamilyType } from '../format/family.ts';
import { runToEnd } from '../format/steps.ts';
import { canHaveSuffix, distributionSuffixes, splitSuffix } from '../format/suffixes.ts';
import { isSameWords, viewOf } from '../format/words.ts';
import { parseComment } from '../scan/comment.ts';
import { type LabelChoice, LabelFilter } from './label-filter.ts';

/** The selected part of a family. */
export type FamilyChoice = 'all' | 'none' | LabelChoice;

export interface LineFilterOptions {
  /** Decides by the name that a family has in the body. Called once for each name. */
  readonly choose: (name: string) => FamilyChoice;
  /** The type of a family that comes without a TYPE line. */
  readonly typeOf?: (name: string) => FamilyType | undefined;
}

export interface FilteredBody {
  /** The wanted lines as they were, a part of `target`. */
  readonly kept: Buffer;
  /** Whether the family that the body ends in is wanted: only then can a family of `kept` be one that was cut off. */
  readonly endsInWanted: boolean;
}

type Decision = 'all' | 'none' | LabelFilter;

/** A family, remembered for the lifetime of the filter. */
interface Place {
  readonly name: DataView;
  readonly decision: Decision;
  /** Type of the family if no TYPE line has it. */
  readonly type: FamilyType | undefined;
  /** The family that followed it the last time, which is tried first. */
  next: Place | undefined;
}

/** Limit of remembered names; a normal node has fewer. Decisions about further names are repeated each time. */
const MAX_REMEMBERED_NAMES = 4096;
const MAX_REMEMBERED_NAME_BYTES = 256;

/** Both are of one length. */
const HELP_WORD = viewOf(Buffer.from('# HELP '));
const TYPE_WORD = viewOf(Buffer.from('# TYPE '));
const suffixes = new ByteSet(distributionSuffixes);
/** First letters of those types. */
const LETTER_H = 104;
const LETTER_S = 115;

const NOTHING = Buffer.alloc(0);

/** Bytes of a body that are looked at without a pause; a line counts as some bytes more than it has. */
const STEP_BYTES = 64 * 1024;
const BYTES_OF_A_LINE = 64;

/** The families that a filter has seen. */
interface Places {
  readonly options: LineFilterOptions;
  readonly byName: Map<string, Place>;
  /** Stands before the first family of each body. */
  readonly beginning: Place;
}

/** A filter for the bodies of a node. It remembers decisions about names between bodies. */
export class LineFilter {
  readonly #places: Places;

  constructor(options: LineFilterOptions) {
    const beginning: Place = { name: viewOf(NOTHING), decision: 'none', type: undefined, next: undefined };
    this.#places = { options, byName: new Map(), beginning };
  }

  /**
   * Copies the selected lines of `body` to `target`, which must be as long.
   * @param numbers gets the number, from 1, that each line of `kept` has in the body
   */
  filter(body: Buffer, target: Buffer, numbers?: number[]): FilteredBody {
    return runToEnd(this.filterInSteps(body, target, numbers));
  }

  /** The same in small steps. */
  filterInSteps(body: Buffer, target: Buffer, numbers?: number[]): Generator<void, FilteredBody> {
    return new BodyFilter(this.#places, body).run(target, numbers);
  }
}

/** Filters one body. */
class BodyFilter {
  readonly #places: Places;
  readonly #bytes: Buffer;
  readonly #words: DataView;
  /** The family of the last line, and its type as far as it is known. */
  #place: Place;
  #type: FamilyType | undefined = undefined;
  /** Types of histograms and summaries by their TYPE lines in this body. */
  readonly #statedTypes = new Map<Place, FamilyType>();

  constructor(places: Places, body: Buffer) {
    this.#places = places;
    this.#bytes = body;
    this.#words = viewOf(body);
    this.#place = places.beginning;
  }

  *run(target: Buffer, numbers: number[] | undefined): Generator<void, FilteredBody> {
    const body = this.#bytes;
    let kept = 0;
    let runStart = 0;
    let worked = 0;
    for (let at = 0, number = 1; at < body.length; number++) {
      const end = body.indexOf(LF, at) + 1 || body.length;
      if (this.#isWanted(at, end)) {
        numbers?.push(number);
      } else {
        kept += runStart < at ? body.copy(target, kept, runStart, at) : 0;
        runStart = end;
      }
      worked += end - at + BYTES_OF_A_LINE;
      at = end;
      if (worked >= STEP_BYTES) {
        worked = 0;
        yield;
      }
    }
    kept += runStart < body.length ? body.copy(target, kept, runStart) : 0;
    return { kept: target.subarray(0, kept), endsInWanted: this.#place.decision !== 'none' };
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
    if (isLineEnd(bytes, start)) {
      return false;
    }
    this.#place = this.#places.beginning;
    return true;
  }

  #isCommentWanted(start: number, end: number): boolean {
    const isType = this.#isWordAt(start, end, TYPE_WORD);
    if (isType || this.#isWordAt(start, end, HELP_WORD)) {
      const nameStart = start + HELP_WORD.byteLength;
      const place = this.#isAt(this.#place, nameStart) ? this.#place : this.#place.next;
      if (place !== undefined && (place === this.#place || this.#isAt(place, nameStart))) {
        const nameEnd = nameStart + place.name.byteLength;
        const letter = isType ? this.#bytes[nameEnd + 1] : undefined;
        if (this.#bytes[nameEnd] === SPACE && letter !== LETTER_H && letter !== LETTER_S) {
          this.#enter(place);
          return place.decision !== 'none';
        }
      }
    }
    return this.#isOtherCommentWanted(start, end);
  }

  /** Whether to keep a comment that belongs to an unknown family, or that must be parsed as a whole. */
  #isOtherCommentWanted(start: number, end: number): boolean {
    const bytes = this.#bytes;
    const comment = parseComment(bytes, start, bytes[end - 1] === LF ? end - 1 : end);
    if (comment.kind === 'other') {
      return false;
    }
    if (comment.family === undefined) {
      return true;
    }
    this.#enter(this.#find(comment.family));
    if (comment.kind === 'type' && !this.#statedTypes.has(this.#place)) {
      this.#statedTypes.set(this.#place, comment.type);
      this.#type = comment.type;
    }
    return this.#place.decision !== 'none';
  }

  #isWordAt(start: number, end: number, word: DataView): boolean {
    return start + word.byteLength < end && isSameWords(this.#words, start, start + word.byteLength, word, 0);
  }

  #isSampleWanted(start: number, end: number): boolean {
    const nameEnd = this.#findNameEndInFamily(start) || this.#enterFamilyOfSample(start);
    const { decision } = this.#place;
    return decision === 'all' || (decision !== 'none' && decision.passes(this.#bytes, this.#words, nameEnd, end));
  }

  /** Returns the end of the name of the sample at `start`, or 0 if it does not belong to the family of the last line. */
  #findNameEndInFamily(start: number): number {
    const bytes = this.#bytes;
    const familyEnd = start + this.#place.name.byteLength;
    if (!this.#isAt(this.#place, start)) {
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

  /** Enters the family of a sample that has no HELP or TYPE before it. Returns the end of its name. */
  #enterFamilyOfSample(start: number): number {
    const nameEnd = findNameEnd(this.#bytes, start);
    const name = this.#bytes.toString('latin1', start, nameEnd);
    const split = splitSuffix(name);
    const owner = split && this.#find(split.name);
    const isOwned = owner !== undefined && canHaveSuffix(this.#typeOf(owner), split!.suffix);
    this.#enter(isOwned ? owner : this.#find(name));
    return nameEnd;
  }

  /** Whether the bytes at `start` begin with the name of a family. */
  #isAt({ name }: Place, start: number): boolean {
    const end = start + name.byteLength;
    return end > start && end <= this.#words.byteLength && isSameWords(this.#words, start, end, name, 0);
  }

  #enter(place: Place): void {
    if (place === this.#place) {
      return;
    }
    if (place.name.byteLength <= MAX_REMEMBERED_NAME_BYTES) {
      this.#place.next = place;
    }
    this.#place = place;
    this.#type = this.#typeOf(place);
    if (typeof place.decision === 'object') {
      place.decision.restart();
    }
  }

  #typeOf(place: Place): FamilyType | undefined {
    return this.#statedTypes.get(place) ?? place.type;
  }

  #find(name: string): Place {
    const { byName, options } = this.#places;
    const known = byName.get(name);
    if (known !== undefined) {
      return known;
    }
    const choice = options.choose(name);
    const place: Place = {
      name: viewOf(Buffer.from(name, 'latin1')),
      decision: typeof choice === 'string' ? choice : new LabelFilter(choice),
      type: options.typeOf?.(name),
      next: undefined,
    };
    if (byName.size < MAX_REMEMBERED_NAMES && name.length <= MAX_REMEMBERED_NAME_BYTES) {
      byName.set(name, place);
    }
    return place;
  }
}

function findNameEnd(bytes: Uint8Array, start: number): number {
  let at = start;
  while ((byteClass[bytes[at]!]! & NAME_PART) !== 0) {
    at++;
  }
  return at;
}
