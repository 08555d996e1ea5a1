/**
 * Reads the part of a body that the selection keeps in the response, if that is not everything. The inputs of derived
 * metrics are scanned too, but omitted from the response. Other lines are not checked.
 */

import {
  addDerivedMetricInputs,
  computeDerived,
  type DerivedLayout,
  hasGuestSamples,
  layOutDerived,
  readLifecycleFacts,
} from '../../derived-metrics/index.ts';
import {
  type BodyForm,
  type FamilyChoice,
  KnownForms,
  LineFilter,
  pickFamilies,
  type Scan,
  type ScanRules,
  scanInSteps,
  type ValueSlabs,
} from '../../exposition/index.ts';
import { type FamilySelection, toFinalName } from '../../sandbox-policy/index.ts';
import { BodyPool } from './body-pool.ts';
import type { ReadBody } from './sandbox-result.ts';

/** Filtered bodies: two for the body that is being read, and two for one that waits. */
const POOL_OPTIONS = { maxKeptBytes: 1024 * 1024, maxKept: 4 };

/** Remembered with the form of the filtered body: the lines for the response and for derived metrics. */
interface KnownPart {
  readonly layout: DerivedLayout;
  /** The part for the response; undefined when only some lines of a family are selected. */
  readonly picked: BodyForm | undefined;
}

export class WantedPart {
  readonly #rules: ScanRules;
  readonly #choose: (name: string) => FamilyChoice;
  /** Keeps the lines for the response and for derived metrics; `#wantedFilter` keeps only those for the response. */
  readonly #knownFilter: LineFilter;
  readonly #wantedFilter: LineFilter;
  readonly #knownForms: KnownForms<KnownPart>;
  readonly #wantedForms: KnownForms<undefined>;
  readonly #buffers = new BodyPool(POOL_OPTIONS);

  constructor(rules: ScanRules, selection: FamilySelection) {
    this.#rules = rules;
    this.#choose = (name) => selection.choose(toFinalName(name));
    this.#knownForms = new KnownForms({ rules, derive: (scanned) => this.#derive(scanned) });
    this.#wantedForms = new KnownForms({ rules, derive: deriveNothing });
    const { typeOf = () => undefined } = rules;
    this.#knownFilter = new LineFilter({
      choose: (name) => addDerivedMetricInputs(name, this.#choose(name)),
      typeOf,
    });
    this.#wantedFilter = new LineFilter({ choose: this.#choose, typeOf });
  }

  /** Reads a complete body of a sandbox, in small steps. */
  *read(sandboxId: string, body: Buffer, slabs?: ValueSlabs): Generator<void, ReadBody> {
    const buffer = this.#buffers.take(body.length);
    const { kept } = yield* this.#knownFilter.filterInSteps(body, buffer);
    const { scan: known, derived } = yield* this.#knownForms.scan(sandboxId, kept, slabs);
    const metrics = yield* computeDerived(derived.layout, known, slabs);
    const isGuestUp = hasGuestSamples(known);
    const facts = readLifecycleFacts(known, metrics);
    const picked = known.faults.counts.size === 0 ? derived.picked : undefined;
    const wanted =
      picked === undefined ? yield* this.#scanWanted(sandboxId, body, kept, slabs) : { ...known, form: picked };
    if (!isHeld(buffer, [known, wanted])) {
      this.#buffers.give(buffer);
    }
    return { scan: wanted, derived: metrics, isGuestUp, facts };
  }

  *readPart(body: Buffer): Generator<void, Scan> {
    const wholeLines = body.subarray(0, body.lastIndexOf('\n') + 1);
    const { kept, endsInWanted } = yield* this.#wantedFilter.filterInSteps(wholeLines, Buffer.alloc(wholeLines.length));
    // When the body is truncated within a part that is not selected, the selected part is complete.
    const scanned = yield* scanInSteps(kept, { rules: this.#rules, isPartial: endsInWanted });
    return yield* this.#withPlaces(wholeLines, scanned);
  }

  keepOnly(sandboxIds: ReadonlySet<string>): void {
    this.#knownForms.keepOnly(sandboxIds);
    this.#wantedForms.keepOnly(sandboxIds);
  }

  *#derive(known: Scan): Generator<void, KnownPart> {
    const layout = yield* layOutDerived(known, false);
    const { families } = known.form;
    const isByFamily = families.every(({ name }) => {
      const wanted = this.#choose(name);
      return typeof wanted !== 'object' || addDerivedMetricInputs(name, wanted) === wanted;
    });
    const picked = isByFamily
      ? pickFamilies(
          known.form,
          families.filter(({ name }) => this.#choose(name) !== 'none'),
        )
      : undefined;
    return { layout, picked };
  }

  /** Scans only the part for the response; `kept` is the output of `#knownFilter`. */
  *#scanWanted(sandboxId: string, body: Buffer, kept: Buffer, slabs?: ValueSlabs): Generator<void, Scan> {
    const buffer = this.#buffers.take(kept.length);
    const filtered = (yield* this.#wantedFilter.filterInSteps(kept, buffer)).kept;
    const { scan: wanted } = yield* this.#wantedForms.scan(sandboxId, filtered, slabs);
    if (!isHeld(buffer, [wanted])) {
      this.#buffers.give(buffer);
    }
    return yield* this.#withPlaces(body, wanted);
  }

  /** Converts the line numbers of faults to those of the original body. */
  *#withPlaces(body: Buffer, scanned: Scan): Generator<void, Scan> {
    const { described, counts } = scanned.faults;
    if (described.length === 0) {
      return scanned;
    }
    const numbers: number[] = [];
    yield* this.#wantedFilter.filterInSteps(body, Buffer.alloc(body.length), numbers);
    const placed = described.map((fault) => ({ ...fault, line: numbers[fault.line - 1]! }));
    return { ...scanned, faults: { described: placed, counts } };
  }
}

// biome-ignore lint/correctness/useYield: nothing is derived
function* deriveNothing(): Generator<void, undefined> {
  return undefined;
}

/** Whether a scan refers to the memory of the buffer. */
function isHeld(buffer: Buffer, scans: readonly Scan[]): boolean {
  return scans.some(({ form }) => form.series.body.buffer === buffer.buffer);
}
