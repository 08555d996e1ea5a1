/**
 * Reads the bodies of sandboxes: takes out what nobody wants, and scans the rest with the help of what earlier bodies of
 * the same form have taught. A scan refers to the body only where it says so (`scan.lines.body`).
 */
import { type Scan, type ScanRules, Sieve, type SiftedBody, scan } from '../exposition/index.ts';
import type { FamilySelection } from './family-selection.ts';
import { LikeBodies } from './like-bodies.ts';
import { toFinalName } from './sandbox-rules.ts';

export interface BodyReaderOptions {
  readonly rules: ScanRules;
  readonly selection: FamilySelection;
}

export class BodyReader {
  readonly #rules: ScanRules;
  readonly #likeBodies: LikeBodies;
  /** Undefined when everything is wanted: then a body need not be looked at twice. */
  readonly #sieve: Sieve | undefined;

  constructor({ rules, selection }: BodyReaderOptions) {
    this.#rules = rules;
    this.#likeBodies = new LikeBodies(rules);
    const choose = (name: string): ReturnType<typeof selection.choose> => selection.choose(toFinalName(name));
    this.#sieve = selection.isEverything ? undefined : new Sieve({ choose, ...pickTypeOf(rules) });
  }

  /** Scans a whole body of a sandbox. */
  read(sandboxId: string, body: Buffer): Scan {
    if (this.#sieve === undefined) {
      return this.#likeBodies.scan(sandboxId, body);
    }
    return this.#withPlaces(body, this.#likeBodies.scan(sandboxId, this.#sieve.sift(body).kept));
  }

  /** Scans a body that stopped half way. */
  readPart(body: Buffer): Scan {
    const { kept, isLastKept }: SiftedBody = this.#sieve?.sift(body) ?? { kept: body, isLastKept: true };
    // When the cut is in what nobody wants, everything else is whole.
    return this.#withPlaces(body, scan(kept, { rules: this.#rules, isPartial: isLastKept }));
  }

  /** Forgets sandboxes that are gone. */
  keepOnly(sandboxIds: ReadonlySet<string>): void {
    this.#likeBodies.keepOnly(sandboxIds);
  }

  /** Faults are in the lines of the body that was sent. */
  #withPlaces(body: Buffer, scanned: Scan): Scan {
    if (this.#sieve === undefined || scanned.faults.length === 0) {
      return scanned;
    }
    const numbers: number[] = [];
    this.#sieve.sift(body, numbers);
    return { ...scanned, faults: scanned.faults.map((fault) => ({ ...fault, line: numbers[fault.line - 1]! })) };
  }
}

function pickTypeOf({ typeOf }: ScanRules): Pick<ScanRules, 'typeOf'> {
  return typeOf === undefined ? {} : { typeOf };
}
