/**
 * Remembers, for each form of body that a node's shims send, one scan of it: scanning another body of that form is then
 * mostly comparing bytes. A help to speed alone; an answer is the same without it.
 */
import { type Scan, type ScanRules, scan, type ValueSlabs } from '../../exposition/index.ts';

/** Bodies differ by maker, version, and numbers of CPUs, disks and interfaces; each form takes as much memory as its body. */
const MAX_FORMS = 64;
/** How many forms a body is tried with that no earlier body of its sandbox tells the form of. */
const MAX_TRIES = 4;
/** Of a body's beginning, which tells makers apart: HELP of the first family. */
const KEY_BYTES = 64;

export class LikeBodies {
  readonly #rules: ScanRules;
  /** The latest used first. */
  readonly #forms: Scan[] = [];
  readonly #formOfSandbox = new Map<string, Scan>();

  constructor(rules: ScanRules) {
    this.#rules = rules;
  }

  /** Scans a whole body of a sandbox. */
  scan(sandboxId: string, body: Buffer, slabs?: ValueSlabs): Scan {
    const known = this.#formOfSandbox.get(sandboxId);
    const forms = known === undefined ? this.#candidates(body) : [known];
    let scanned: Scan | undefined;
    for (const like of forms.length > 0 ? forms : [undefined]) {
      scanned = scan(body, { rules: this.#rules, like, slabs });
      if (like !== undefined && scanned.families === like.families) {
        this.#use(sandboxId, like);
        return scanned;
      }
    }
    this.#use(sandboxId, scanned!.faultCounts.size === 0 ? scanned! : known);
    return scanned!;
  }

  /** Forgets sandboxes that are gone. */
  keepOnly(sandboxIds: ReadonlySet<string>): void {
    for (const id of this.#formOfSandbox.keys()) {
      if (!sandboxIds.has(id)) {
        this.#formOfSandbox.delete(id);
      }
    }
  }

  #candidates(body: Buffer): Scan[] {
    const beginning = body.subarray(0, KEY_BYTES);
    return this.#forms.filter(({ lines }) => lines.body.subarray(0, KEY_BYTES).equals(beginning)).slice(0, MAX_TRIES);
  }

  #use(sandboxId: string, form: Scan | undefined): void {
    if (form === undefined) {
      this.#formOfSandbox.delete(sandboxId);
      return;
    }
    this.#formOfSandbox.set(sandboxId, form);
    if (this.#forms[0] === form) {
      return;
    }
    const at = this.#forms.indexOf(form);
    const [removed] = this.#forms.splice(at < 0 ? MAX_FORMS - 1 : at, 1);
    this.#forms.unshift(form);
    if (at < 0 && removed !== undefined) {
      this.#forget(removed);
    }
  }

  #forget(form: Scan): void {
    for (const [id, each] of this.#formOfSandbox) {
      if (each === form) {
        this.#formOfSandbox.delete(id);
      }
    }
  }
}
