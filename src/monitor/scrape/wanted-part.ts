/**
 * The part of a sandbox's body that is wanted in the answer, where that is not everything. What figures are worked out from
 * is scanned beside it and not shown. Lines that nobody wants are not looked at, whatever is wrong with them.
 */

import {
  computeDerived,
  type DerivedLayout,
  hasGuestSamples,
  isDerivedMetricInput,
  layOutDerived,
} from '../../derived-metrics/index.ts';
import {
  type BodyForm,
  type FamilyChoice,
  KnownForms,
  pickFamilies,
  type Scan,
  type ScanRules,
  Sieve,
  scanInSteps,
  type ValueSlabs,
} from '../../exposition/index.ts';
import { type FamilySelection, toFinalName } from '../../sandbox-policy/index.ts';
import type { ReadBody } from './sandbox-result.ts';

const ROOM_STEP_BYTES = 16 * 1024;
const MAX_KEPT_ROOM_BYTES = 1024 * 1024;

/** What is remembered with the form of what the answer or derived metrics need of a body. */
interface KnownPart {
  readonly layout: DerivedLayout;
  /** The part that is wanted in the answer; undefined where not all lines of a family are wanted. */
  readonly picked: BodyForm | undefined;
}

export class WantedPart {
  readonly #rules: ScanRules;
  readonly #choose: (name: string) => FamilyChoice;
  /** Passes what is wanted in the answer or for derived metrics; the other one, only what is wanted in the answer. */
  readonly #knownSieve: Sieve;
  readonly #wantedSieve: Sieve;
  readonly #knownForms: KnownForms<KnownPart>;
  readonly #wantedForms: KnownForms<undefined>;
  readonly #room = new SiftRoom();

  constructor(rules: ScanRules, selection: FamilySelection) {
    this.#rules = rules;
    this.#choose = (name) => selection.choose(toFinalName(name));
    this.#knownForms = new KnownForms({ rules, derive: (scanned) => this.#derive(scanned) });
    this.#wantedForms = new KnownForms({ rules, derive: deriveNothing });
    const { typeOf = () => undefined } = rules;
    this.#knownSieve = new Sieve({
      choose: (name) => (isDerivedMetricInput(name) ? 'all' : this.#choose(name)),
      typeOf,
    });
    this.#wantedSieve = new Sieve({ choose: this.#choose, typeOf });
  }

  /** Reads a whole body of a sandbox, in small steps. */
  *read(sandboxId: string, body: Buffer, slabs?: ValueSlabs): Generator<void, ReadBody> {
    const room = this.#room.take(body.length);
    const { kept } = yield* this.#knownSieve.siftInSteps(body, room);
    const { scan: known, derived } = yield* this.#knownForms.scan(sandboxId, kept, slabs);
    const figures = yield* computeDerived(derived.layout, known, slabs);
    const isGuestUp = hasGuestSamples(known);
    const picked = known.faults.counts.size === 0 ? derived.picked : undefined;
    const wanted =
      picked === undefined ? yield* this.#scanWanted(sandboxId, body, kept, slabs) : { ...known, form: picked };
    this.#room.give(room, [known, wanted]);
    return { scan: wanted, figures, isGuestUp };
  }

  *readPart(body: Buffer): Generator<void, Scan> {
    const wholeLines = body.subarray(0, body.lastIndexOf('\n') + 1);
    const { kept, endsInWanted } = yield* this.#wantedSieve.siftInSteps(wholeLines, Buffer.alloc(wholeLines.length));
    // When the cut is in what is not wanted, everything else is whole.
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
    const isByFamily = families.every(
      ({ name }) => !isDerivedMetricInput(name) || typeof this.#choose(name) !== 'object',
    );
    const picked = isByFamily
      ? pickFamilies(
          known.form,
          families.filter(({ name }) => this.#choose(name) !== 'none'),
        )
      : undefined;
    return { layout, picked };
  }

  /** Scans only what is wanted in the answer; `kept` is what the other sieve passed of the body. */
  *#scanWanted(sandboxId: string, body: Buffer, kept: Buffer, slabs?: ValueSlabs): Generator<void, Scan> {
    const room = this.#room.take(kept.length);
    const sifted = (yield* this.#wantedSieve.siftInSteps(kept, room)).kept;
    const { scan: wanted } = yield* this.#wantedForms.scan(sandboxId, sifted, slabs);
    this.#room.give(room, [wanted]);
    return yield* this.#withPlaces(body, wanted);
  }

  /** Faults are in the lines of the body that was sent. */
  *#withPlaces(body: Buffer, scanned: Scan): Generator<void, Scan> {
    const { described, counts } = scanned.faults;
    if (described.length === 0) {
      return scanned;
    }
    const numbers: number[] = [];
    yield* this.#wantedSieve.siftInSteps(body, Buffer.alloc(body.length), numbers);
    const placed = described.map((fault) => ({ ...fault, line: numbers[fault.line - 1]! }));
    return { ...scanned, faults: { described: placed, counts } };
  }
}

// biome-ignore lint/correctness/useYield: nothing is worked out
function* deriveNothing(): Generator<void, undefined> {
  return undefined;
}

/** Memory for what a sieve lets through, used again for other bodies unless a scan holds it. */
class SiftRoom {
  readonly #rooms: Buffer[] = [];

  /** At least so many bytes, with anything in them. */
  take(bytes: number): Buffer {
    const room = this.#rooms.pop();
    return room !== undefined && room.length >= bytes
      ? room
      : Buffer.allocUnsafeSlow(Math.ceil(bytes / ROOM_STEP_BYTES) * ROOM_STEP_BYTES);
  }

  /** Takes back a room, unless a scan refers to it or it is large. */
  give(room: Buffer, scans: readonly Scan[]): void {
    const isHeld = scans.some(({ form }) => form.series.body.buffer === room.buffer);
    if (!isHeld && room.length <= MAX_KEPT_ROOM_BYTES && this.#rooms.length < MAX_KEPT_ROOMS) {
      this.#rooms.push(room);
    }
  }
}

/** Two for the body that is being read, and for one that waits. */
const MAX_KEPT_ROOMS = 4;
