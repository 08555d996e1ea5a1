/**
 * Reads the bodies of sandboxes: scans what is wanted of them with the help of what earlier bodies of the same form have
 * taught, and derives the sandbox's own metrics. All of it in small steps. A scan keeps the memory of the body only where
 * it refers to it: see `sandbox-result.ts`.
 */
import { computeDerived, type DerivedLayout, hasGuestSamples, layOutDerived } from '../../derived-metrics/index.ts';
import { KnownForms, type ScanRules, scanInSteps, type ValueSlabs } from '../../exposition/index.ts';
import type { FamilySelection } from '../../sandbox-policy/index.ts';
import type { ReadBody, ReadsBodies } from './sandbox-result.ts';
import { WantedPart } from './wanted-part.ts';

export interface BodyReaderOptions {
  readonly rules: ScanRules;
  readonly selection: FamilySelection;
}

export class BodyReader implements ReadsBodies {
  readonly #rules: ScanRules;
  readonly #forms: KnownForms<DerivedLayout>;
  /** Undefined when everything is wanted: then a body need not be looked at twice. */
  readonly #part: WantedPart | undefined;

  constructor({ rules, selection }: BodyReaderOptions) {
    this.#rules = rules;
    this.#forms = new KnownForms({ rules, derive: (scanned) => layOutDerived(scanned, false) });
    this.#part = selection.isEverything ? undefined : new WantedPart(rules, selection);
  }

  /** Scans a whole body of a sandbox. Values go to the slabs, where there are any. */
  *read(sandboxId: string, body: Buffer, slabs?: ValueSlabs): Generator<void, ReadBody> {
    if (this.#part !== undefined) {
      return yield* this.#part.read(sandboxId, body, slabs);
    }
    const { scan: scanned, derived } = yield* this.#forms.scan(sandboxId, body, slabs);
    const figures = yield* computeDerived(derived, scanned, slabs);
    return { scan: scanned, figures, isGuestUp: hasGuestSamples(scanned) };
  }

  /** Scans a body that stopped half way. */
  *readPart(body: Buffer): Generator<void, ReadBody> {
    const all = yield* scanInSteps(body, { rules: this.#rules, isPartial: true });
    const figures = yield* computeDerived(yield* layOutDerived(all, true), all);
    const wanted = this.#part === undefined ? all : yield* this.#part.readPart(body);
    return { scan: wanted, figures, isGuestUp: hasGuestSamples(all) };
  }

  /** Forgets sandboxes that are gone. */
  keepOnly(sandboxIds: ReadonlySet<string>): void {
    this.#forms.keepOnly(sandboxIds);
    this.#part?.keepOnly(sandboxIds);
  }
}
