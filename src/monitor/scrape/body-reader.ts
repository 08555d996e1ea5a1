/**
 * Reads the bodies of sandboxes: scans what is wanted of them with the help of what earlier bodies of the same form have
 * taught, and works out the sandbox's figures. A scan refers to the body only where it says so (`scan.lines.body`).
 */

import { hasGuestSamples, SandboxFigures } from '../../derived-metrics/index.ts';
import { type Scan, type ScanRules, scan, type ValueSlabs } from '../../exposition/index.ts';
import type { FamilySelection } from '../../sandbox-policy/index.ts';
import { LikeBodies } from './like-bodies.ts';
import { WantedPart } from './wanted-part.ts';

export interface BodyReaderOptions {
  readonly rules: ScanRules;
  readonly selection: FamilySelection;
}

/** What is in a body. */
export interface ReadBody {
  readonly scan: Scan;
  /** Families that the monitor adds, worked out from it. */
  readonly figures: Scan;
  /** Whether it has samples of the guest, in the response or not. */
  readonly isGuestUp: boolean;
}

export class BodyReader {
  readonly #rules: ScanRules;
  readonly #likeBodies: LikeBodies;
  readonly #figures = new SandboxFigures();
  /** Undefined when everything is wanted: then a body need not be looked at twice. */
  readonly #part: WantedPart | undefined;

  constructor({ rules, selection }: BodyReaderOptions) {
    this.#rules = rules;
    this.#likeBodies = new LikeBodies(rules);
    this.#part = selection.isEverything ? undefined : new WantedPart(rules, selection);
  }

  /** Scans a whole body of a sandbox. Values go to the slabs, where there are any. */
  read(sandboxId: string, body: Buffer, slabs?: ValueSlabs): ReadBody {
    const part = this.#part;
    if (part === undefined) {
      const scanned = this.#likeBodies.scan(sandboxId, body, slabs);
      const figures = this.#figures.of(scanned, { isPartial: false, slabs });
      return { scan: scanned, figures, isGuestUp: hasGuestSamples(scanned) };
    }
    const { known, kept } = part.scanKnown(sandboxId, body, slabs);
    const figures = this.#figures.of(known, { isPartial: false, slabs });
    const wanted = part.pick(known) ?? part.scanWanted(sandboxId, body, kept, slabs);
    return { scan: wanted, figures, isGuestUp: hasGuestSamples(known) };
  }

  /** Scans a body that stopped half way. */
  readPart(body: Buffer): ReadBody {
    const all = scan(body, { rules: this.#rules, isPartial: true });
    const figures = this.#figures.of(all, { isPartial: true });
    return { scan: this.#part?.scanPart(body) ?? all, figures, isGuestUp: hasGuestSamples(all) };
  }

  /** Forgets sandboxes that are gone. */
  keepOnly(sandboxIds: ReadonlySet<string>): void {
    this.#likeBodies.keepOnly(sandboxIds);
    this.#part?.keepOnly(sandboxIds);
  }
}
