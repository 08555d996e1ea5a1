/**
 * Reads the bodies of sandboxes: takes out what nobody wants, and scans the rest with the help of what earlier bodies of
 * the same form have taught, and works out the sandbox's figures. A scan refers to the body only where it says so
 * (`scan.lines.body`).
 */
import { type Scan, type ScanRules, Sieve, type SiftedBody, scan } from '../exposition/index.ts';
import { isFigureInput, SandboxFigures } from '../sandbox-figures/index.ts';
import type { FamilySelection } from './family-selection.ts';
import { LikeBodies } from './like-bodies.ts';
import { toFinalName } from './sandbox-rules.ts';

export interface BodyReaderOptions {
  readonly rules: ScanRules;
  readonly selection: FamilySelection;
}

/** What is in a body. */
export interface ReadBody {
  readonly scan: Scan;
  /** Families that the monitor adds, worked out from it. */
  readonly figures: Scan;
}

export class BodyReader {
  readonly #rules: ScanRules;
  readonly #likeBodies: LikeBodies;
  /** Undefined when everything is wanted: then a body need not be looked at twice. */
  readonly #sieve: Sieve | undefined;
  readonly #figures = new SandboxFigures();
  /** What figures are worked out from, where not all of it is wanted for the answer. */
  readonly #inputs: { readonly sieve: Sieve; readonly likeBodies: LikeBodies } | undefined;

  constructor({ rules, selection }: BodyReaderOptions) {
    this.#rules = rules;
    this.#likeBodies = new LikeBodies(rules);
    const choose = (name: string): ReturnType<typeof selection.choose> => selection.choose(toFinalName(name));
    this.#sieve = selection.isEverything ? undefined : new Sieve({ choose, ...pickTypeOf(rules) });
    this.#inputs = this.#sieve && {
      sieve: new Sieve({ choose: (name) => (isFigureInput(name) ? 'all' : 'none'), ...pickTypeOf(rules) }),
      likeBodies: new LikeBodies(rules),
    };
  }

  /** Scans a whole body of a sandbox. */
  read(sandboxId: string, body: Buffer): ReadBody {
    if (this.#sieve === undefined) {
      const scanned = this.#likeBodies.scan(sandboxId, body);
      return { scan: scanned, figures: this.#figures.of(scanned, { isPartial: false }) };
    }
    const scanned = this.#withPlaces(body, this.#likeBodies.scan(sandboxId, this.#sieve.sift(body).kept));
    return { scan: scanned, figures: this.#figures.of(this.#readInputs(sandboxId, body), { isPartial: false }) };
  }

  /** Scans a body that stopped half way. */
  readPart(body: Buffer): ReadBody {
    const { kept, isLastKept }: SiftedBody = this.#sieve?.sift(body) ?? { kept: body, isLastKept: true };
    // When the cut is in what nobody wants, everything else is whole.
    const scanned = this.#withPlaces(body, scan(kept, { rules: this.#rules, isPartial: isLastKept }));
    const inputs = this.#sieve === undefined ? scanned : scan(body, { rules: this.#rules, isPartial: true });
    return { scan: scanned, figures: this.#figures.of(inputs, { isPartial: true }) };
  }

  /** Forgets sandboxes that are gone. */
  keepOnly(sandboxIds: ReadonlySet<string>): void {
    this.#likeBodies.keepOnly(sandboxIds);
    this.#inputs?.likeBodies.keepOnly(sandboxIds);
  }

  #readInputs(sandboxId: string, body: Buffer): Scan {
    const { sieve, likeBodies } = this.#inputs!;
    return likeBodies.scan(sandboxId, sieve.sift(body).kept);
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
