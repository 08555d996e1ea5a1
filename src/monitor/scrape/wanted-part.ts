/**
 * The part of a sandbox's body that is wanted in the answer, where that is not everything. What figures are worked out from
 * is scanned beside it and not shown. Lines that nobody wants are not looked at, whatever is wrong with them.
 */

import { isFigureInput } from '../../derived-metrics/index.ts';
import {
  countSamples,
  type FamilyChoice,
  type Scan,
  type ScannedFamily,
  type ScanRules,
  Sieve,
  scan,
  type ValueSlabs,
} from '../../exposition/index.ts';
import type { FamilySelection } from '../../sandbox-policy/index.ts';
import { toFinalName } from '../../sandbox-policy/index.ts';
import { LikeBodies } from './like-bodies.ts';

const ROOM_STEP_BYTES = 16 * 1024;
const MAX_KEPT_ROOM_BYTES = 1024 * 1024;

export class WantedPart {
  readonly #rules: ScanRules;
  readonly #choose: (name: string) => FamilyChoice;
  /** Passes what is wanted in the answer or for figures; the other one, only what is wanted in the answer. */
  readonly #knownSieve: Sieve;
  readonly #wantedSieve: Sieve;
  readonly #knownBodies: LikeBodies;
  readonly #wantedBodies: LikeBodies;
  readonly #knownRoom = new SiftRoom();
  readonly #wantedRoom = new SiftRoom();
  /** By the list of families that scans of like bodies share; undefined where not all lines of a family are wanted. */
  readonly #picked = new WeakMap<readonly ScannedFamily[], Pick<Scan, 'families' | 'sampleCount'> | undefined>();

  constructor(rules: ScanRules, selection: FamilySelection) {
    this.#rules = rules;
    this.#knownBodies = new LikeBodies(rules);
    this.#wantedBodies = new LikeBodies(rules);
    this.#choose = (name) => selection.choose(toFinalName(name));
    const { typeOf = () => undefined } = rules;
    this.#knownSieve = new Sieve({ choose: (name) => (isFigureInput(name) ? 'all' : this.#choose(name)), typeOf });
    this.#wantedSieve = new Sieve({ choose: this.#choose, typeOf });
  }

  /** Scans what is wanted for the answer or for figures, `kept`, which is there until the next call. */
  scanKnown(sandboxId: string, body: Buffer, slabs?: ValueSlabs): { readonly known: Scan; readonly kept: Buffer } {
    const { kept } = this.#knownSieve.sift(body, this.#knownRoom.take(body.length));
    const known = this.#knownBodies.scan(sandboxId, kept, slabs);
    this.#knownRoom.keepUnless(known.lines.body);
    return { known, kept };
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

  /** Scans only what is wanted in the answer; `kept` is what `scanKnown` gave of the body. */
  scanWanted(sandboxId: string, body: Buffer, kept: Buffer, slabs?: ValueSlabs): Scan {
    const sifted = this.#wantedSieve.sift(kept, this.#wantedRoom.take(kept.length)).kept;
    const wanted = this.#wantedBodies.scan(sandboxId, sifted, slabs);
    this.#wantedRoom.keepUnless(wanted.lines.body);
    return this.#withPlaces(body, wanted);
  }

  scanPart(body: Buffer): Scan {
    const wholeLines = body.subarray(0, body.lastIndexOf('\n') + 1);
    const { kept, endsInWanted } = this.#wantedSieve.sift(wholeLines, Buffer.alloc(wholeLines.length));
    // When the cut is in what nobody wants, everything else is whole.
    return this.#withPlaces(wholeLines, scan(kept, { rules: this.#rules, isPartial: endsInWanted }));
  }

  keepOnly(sandboxIds: ReadonlySet<string>): void {
    this.#knownBodies.keepOnly(sandboxIds);
    this.#wantedBodies.keepOnly(sandboxIds);
  }

  /** Faults are in the lines of the body that was sent. */
  #withPlaces(body: Buffer, scanned: Scan): Scan {
    if (scanned.faults.length === 0) {
      return scanned;
    }
    const numbers: number[] = [];
    this.#wantedSieve.sift(body, Buffer.alloc(body.length), numbers);
    return { ...scanned, faults: scanned.faults.map((fault) => ({ ...fault, line: numbers[fault.line - 1]! })) };
  }
}

/** Memory for what a sieve lets through, used again for the next body unless a scan holds it. */
class SiftRoom {
  #room = Buffer.alloc(0);

  /** At least so many bytes, with anything in them. */
  take(bytes: number): Buffer {
    if (this.#room.length < bytes) {
      this.#room = Buffer.allocUnsafeSlow(Math.ceil(bytes / ROOM_STEP_BYTES) * ROOM_STEP_BYTES);
    }
    return this.#room;
  }

  /** Lets go of it where `held` is a part of it, or where it is large. */
  keepUnless(held: Buffer): void {
    if (held.buffer === this.#room.buffer || this.#room.length > MAX_KEPT_ROOM_BYTES) {
      this.#room = Buffer.alloc(0);
    }
  }
}
