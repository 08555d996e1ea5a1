/**
 * The part of a sandbox's body that is wanted in the answer, where that is not everything. What figures are worked out from
 * is scanned beside it and not shown. Lines that nobody wants are not looked at, whatever is wrong with them.
 */
import {
  countSamples,
  type FamilyChoice,
  type Scan,
  type ScannedFamily,
  type ScanRules,
  Sieve,
  scan,
} from '../exposition/index.ts';
import { isFigureInput } from '../sandbox-figures/index.ts';
import type { FamilySelection } from './family-selection.ts';
import { LikeBodies } from './like-bodies.ts';
import { toFinalName } from './sandbox-rules.ts';

export class WantedPart {
  readonly #rules: ScanRules;
  readonly #choose: (name: string) => FamilyChoice;
  /** Passes what is wanted in the answer or for figures; the other one, only what is wanted in the answer. */
  readonly #knownSieve: Sieve;
  readonly #wantedSieve: Sieve;
  readonly #likeBodies: LikeBodies;
  /** By the list of families that scans of like bodies share; undefined where not all lines of a family are wanted. */
  readonly #picked = new WeakMap<readonly ScannedFamily[], Pick<Scan, 'families' | 'sampleCount'> | undefined>();

  constructor(rules: ScanRules, selection: FamilySelection) {
    this.#rules = rules;
    this.#likeBodies = new LikeBodies(rules);
    this.#choose = (name) => selection.choose(toFinalName(name));
    const { typeOf = () => undefined } = rules;
    this.#knownSieve = new Sieve({ choose: (name) => (isFigureInput(name) ? 'all' : this.#choose(name)), typeOf });
    this.#wantedSieve = new Sieve({ choose: this.#choose, typeOf });
  }

  siftKnown(body: Buffer): Buffer {
    return this.#knownSieve.sift(body).kept;
  }

  /**
   * What is wanted of a scan that holds what figures need too. Undefined where that cannot be told by families, or where
   * there are faults, which may be in what is not wanted.
   */
  pick(known: Scan): Scan | undefined {
    if (known.faultCounts.size > 0) {
      return undefined;
    }
    if (!this.#picked.has(known.families)) {
      this.#picked.set(known.families, this.#pickFamilies(known.families));
    }
    const picked = this.#picked.get(known.families);
    return picked && { ...known, ...picked };
  }

  #pickFamilies(families: readonly ScannedFamily[]): Pick<Scan, 'families' | 'sampleCount'> | undefined {
    if (families.some(({ name }) => isFigureInput(name) && typeof this.#choose(name) === 'object')) {
      return undefined;
    }
    const picked = families.filter(({ name }) => this.#choose(name) !== 'none');
    return { families: picked, sampleCount: picked.reduce((sum, family) => sum + countSamples(family), 0) };
  }

  scan(sandboxId: string, body: Buffer): Scan {
    return this.#withPlaces(body, this.#likeBodies.scan(sandboxId, this.#wantedSieve.sift(body).kept));
  }

  scanPart(body: Buffer): Scan {
    const wholeLines = body.subarray(0, body.lastIndexOf('\n') + 1);
    const { kept, isLastKept } = this.#wantedSieve.sift(wholeLines);
    // When the cut is in what nobody wants, everything else is whole.
    return this.#withPlaces(wholeLines, scan(kept, { rules: this.#rules, isPartial: isLastKept }));
  }

  keepOnly(sandboxIds: ReadonlySet<string>): void {
    this.#likeBodies.keepOnly(sandboxIds);
  }

  /** Faults are in the lines of the body that was sent. */
  #withPlaces(body: Buffer, scanned: Scan): Scan {
    if (scanned.faults.length === 0) {
      return scanned;
    }
    const numbers: number[] = [];
    this.#wantedSieve.sift(body, numbers);
    return { ...scanned, faults: scanned.faults.map((fault) => ({ ...fault, line: numbers[fault.line - 1]! })) };
  }
}
