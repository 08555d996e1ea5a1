/**
 * Reads the bodies of sandboxes in small steps: scans the selected part, using the forms of earlier bodies, and derives
 * metrics. A scan retains the memory of a body only if it refers to it: see `sandbox-result.ts`.
 */
import {
  computeDerived,
  type DerivedLayout,
  hasGuestSamples,
  layOutDerived,
  readLifecycleFacts,
} from '../../derived-metrics/index.ts';
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
  /** Undefined when everything is selected; a body is then scanned once. */
  readonly #part: WantedPart | undefined;

  constructor({ rules, selection }: BodyReaderOptions) {
    this.#rules = rules;
    this.#forms = new KnownForms({ rules, derive: (scanned) => layOutDerived(scanned, false) });
    this.#part = selection.isEverything ? undefined : new WantedPart(rules, selection);
  }

  /** Reads a complete body of a sandbox. Values are stored in `slabs`, if given. */
  *read(sandboxId: string, body: Buffer, slabs?: ValueSlabs): Generator<void, ReadBody> {
    if (this.#part !== undefined) {
      return yield* this.#part.read(sandboxId, body, slabs);
    }
    const { scan: scanned, derived: layout } = yield* this.#forms.scan(sandboxId, body, slabs);
    const derived = yield* computeDerived(layout, scanned, slabs);
    const facts = readLifecycleFacts(scanned, derived);
    return { scan: scanned, derived, isGuestUp: hasGuestSamples(scanned), facts };
  }

  /** Reads a truncated body. */
  *readPart(body: Buffer): Generator<void, ReadBody> {
    const all = yield* scanInSteps(body, { rules: this.#rules, isPartial: true });
    const derived = yield* computeDerived(yield* layOutDerived(all, true), all);
    const wanted = this.#part === undefined ? all : yield* this.#part.readPart(body);
    return { scan: wanted, derived, isGuestUp: hasGuestSamples(all), facts: readLifecycleFacts(all, derived) };
  }

  /** Forgets sandboxes that are gone. */
  keepOnly(sandboxIds: ReadonlySet<string>): void {
    this.#forms.keepOnly(sandboxIds);
    this.#part?.keepOnly(sandboxIds);
  }
}
