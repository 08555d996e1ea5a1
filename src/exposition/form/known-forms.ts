/**
 * Remembers each form of body that the shims of a node send, and what was derived from it, so that scanning another body
 * of that form is mostly comparing bytes. This affects speed only: the result of a scan is the same without it.
 */

import { BodyScanner } from '../scan/body-scanner.ts';
import { type BodyForm, noFaults, type Scan, type ScanRules } from '../scan/scanned-body.ts';
import { matchBody } from './match-body.ts';
import { followForm } from './match-lines.ts';
import type { ValueSlabs } from './value-slabs.ts';

/** Bodies differ by runtime, version, and numbers of CPUs, disks and interfaces. */
const MAX_FORMS = 64;
/** Limit of all remembered forms together. */
const MAX_TOTAL_BYTES = 16 * 1024 * 1024;
/** Limit of one form: an honest body of 100 CPUs and 100 disks has less than 1 MiB. */
const MAX_FORM_BYTES = 2 * 1024 * 1024;
/** How many forms a body is tried with. */
const MAX_TRIES = 4;
/** Bytes of the beginning of a body that distinguish runtimes: the HELP of the first family. */
const KEY_BYTES = 64;
/** Approximate memory of a family in addition to its bytes in the body. */
const FAMILY_BYTES = 512;

/** A scan, and what was derived from its form. */
export interface KnownScan<Derived> {
  readonly scan: Scan;
  readonly derived: Derived;
}

interface KnownForm<Derived> {
  readonly form: BodyForm;
  readonly derived: Derived;
  readonly bytes: number;
  /** Ids of the sandboxes whose last body had it. */
  readonly sandboxIds: Set<string>;
}

export interface KnownFormsOptions<Derived> {
  readonly rules: ScanRules;
  /** Derives what is stored with a form. Must depend only on the form of the scan. */
  readonly derive: (scan: Scan) => Generator<void, Derived>;
  /** Default: 16 MiB. */
  readonly maxTotalBytes?: number;
}

/** A cache of forms. `Derived`: what the caller derives from a form and stores with it. */
export class KnownForms<Derived> {
  readonly #rules: ScanRules;
  readonly #derive: (scan: Scan) => Generator<void, Derived>;
  readonly #maxTotalBytes: number;
  readonly #forms = new Set<KnownForm<Derived>>();
  readonly #formOfSandbox = new Map<string, KnownForm<Derived>>();
  #totalBytes = 0;

  constructor({ rules, derive, maxTotalBytes = MAX_TOTAL_BYTES }: KnownFormsOptions<Derived>) {
    this.#rules = rules;
    this.#derive = derive;
    this.#maxTotalBytes = maxTotalBytes;
  }

  get count(): number {
    return this.#forms.size;
  }

  /** Bytes that the remembered forms take, about. */
  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** Scans a whole body of a sandbox. */
  *scan(sandboxId: string, body: Buffer, slabs?: ValueSlabs): Generator<void, KnownScan<Derived>> {
    const tried = new Set<KnownForm<Derived>>();
    const match = yield* this.#match(sandboxId, body, tried, slabs);
    if (match !== undefined) {
      return match;
    }
    const [nearest] = tried;
    const scanned = yield* new BodyScanner(body, { rules: this.#rules, ...followForm(nearest?.form) }).run();
    const derived = yield* this.#derive(scanned);
    if (scanned.faults.counts.size > 0) {
      return { scan: scanned, derived };
    }
    // Other bodies may have brought the form meanwhile: it is not remembered twice.
    const late = yield* this.#match(sandboxId, body, tried, slabs);
    if (late === undefined) {
      this.#remember(sandboxId, scanned.form, derived);
    }
    return late ?? { scan: scanned, derived };
  }

  /** Tries a body with the last form of its sandbox, and with a few others that begin alike. Adds to `tried`. */
  *#match(
    sandboxId: string,
    body: Buffer,
    tried: Set<KnownForm<Derived>>,
    slabs: ValueSlabs | undefined,
  ): Generator<void, KnownScan<Derived> | undefined> {
    const last = this.#formOfSandbox.get(sandboxId);
    // Most bodies have the last form: others are not looked for before it was tried.
    const match = last === undefined ? undefined : yield* this.#tryForms([last], sandboxId, body, tried, slabs);
    return match ?? (yield* this.#tryForms(this.#candidates(body), sandboxId, body, tried, slabs));
  }

  *#tryForms(
    candidates: readonly KnownForm<Derived>[],
    sandboxId: string,
    body: Buffer,
    tried: Set<KnownForm<Derived>>,
    slabs: ValueSlabs | undefined,
  ): Generator<void, KnownScan<Derived> | undefined> {
    for (const known of candidates) {
      if (tried.has(known) || tried.size >= MAX_TRIES) {
        continue;
      }
      tried.add(known);
      const values = yield* matchBody(body, known.form, slabs);
      if (values !== undefined) {
        this.#use(sandboxId, known);
        return { scan: { form: known.form, values, faults: noFaults }, derived: known.derived };
      }
    }
    return undefined;
  }

  /** Forgets sandboxes that are gone, and forms that no other sandbox has. */
  keepOnly(sandboxIds: ReadonlySet<string>): void {
    for (const id of this.#formOfSandbox.keys()) {
      if (!sandboxIds.has(id)) {
        this.#leave(id);
      }
    }
  }

  #candidates(body: Buffer): KnownForm<Derived>[] {
    const beginning = body.subarray(0, KEY_BYTES);
    const candidates = [...this.#forms].filter(({ form }) => form.series.body.subarray(0, KEY_BYTES).equals(beginning));
    // The forms that most sandboxes have come first.
    return candidates.sort((a, b) => b.sandboxIds.size - a.sandboxIds.size);
  }

  #remember(sandboxId: string, form: BodyForm, derived: Derived): void {
    const bytes = countBytes(form);
    this.#leave(sandboxId);
    if (bytes > MAX_FORM_BYTES) {
      return;
    }
    const known = { form, derived, bytes, sandboxIds: new Set<string>() };
    this.#forms.add(known);
    this.#totalBytes += bytes;
    this.#use(sandboxId, known);
    while (this.#totalBytes > this.#maxTotalBytes || this.#forms.size > MAX_FORMS) {
      this.#forget(this.#costliest());
    }
  }

  /** The form that takes most memory for each sandbox that has it. One sandbox cannot push out what others share. */
  #costliest(): KnownForm<Derived> {
    return [...this.#forms].reduce((worst, form) =>
      form.bytes / form.sandboxIds.size >= worst.bytes / worst.sandboxIds.size ? form : worst,
    );
  }

  #use(sandboxId: string, known: KnownForm<Derived>): void {
    if (this.#formOfSandbox.get(sandboxId) === known) {
      return;
    }
    this.#leave(sandboxId);
    if (this.#forms.has(known)) {
      this.#formOfSandbox.set(sandboxId, known);
      known.sandboxIds.add(sandboxId);
    }
  }

  #leave(sandboxId: string): void {
    const known = this.#formOfSandbox.get(sandboxId);
    this.#formOfSandbox.delete(sandboxId);
    known?.sandboxIds.delete(sandboxId);
    if (known?.sandboxIds.size === 0) {
      this.#forget(known);
    }
  }

  #forget(known: KnownForm<Derived>): void {
    if (this.#forms.delete(known)) {
      this.#totalBytes -= known.bytes;
    }
    for (const id of known.sandboxIds) {
      this.#formOfSandbox.delete(id);
    }
  }
}

/** The body keeps all of the memory that it was read into. */
function countBytes({ series, families }: BodyForm): number {
  return series.body.buffer.byteLength + series.offsets.byteLength * 2 + families.length * FAMILY_BYTES;
}
