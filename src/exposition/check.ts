/**
 * Checks a body from an untrusted guest, and returns the part that may be passed on. Dropped samples are counted by reason,
 * so that the caller can report them.
 */

import { matchBody } from './form/match-body.ts';
import { followForm } from './form/match-lines.ts';
import { ValueSlabs } from './form/value-slabs.ts';
import { LF } from './format/characters.ts';
import { noLabels } from './format/extra-labels.ts';
import type { Fault, FaultReason } from './format/fault.ts';
import { runToEnd } from './format/steps.ts';
import { BodyScanner } from './scan/body-scanner.ts';
import { countLostLines, type LostReason } from './scan/lost-lines.ts';
import {
  type BodyForm,
  countSamples,
  noFaults,
  type Scan,
  type ScannedFamily,
  type ScanRules,
  type ValueTable,
} from './scan/scanned-body.ts';
import { ChunkPool } from './write/chunk-pool.ts';
import { planMergeInSteps } from './write/merge.ts';
import type { MergedFamily, MergePlan, MergeRefusalReason, MergeSource, Naming } from './write/merge-plan.ts';
import { headText, writeText } from './write/write-text.ts';

export interface CheckPolicy extends ScanRules {
  /** A family may pass when its name, as it is passed on, begins with one of these. */
  readonly allowedPrefixes: readonly string[];
  /** Families that may not pass although a prefix allows them, by the name as it is passed on. Default: none. */
  readonly isForbidden?: (name: string) => boolean;
  /** Names of families that start with `startsWith` get the prefix `prefix`. */
  readonly renames: readonly { readonly startsWith: string; readonly prefix: string }[];
  readonly maxBytes: number;
}

/** Why a sample was rejected: its own fault, or that of something around it. */
export type RefusalReason = FaultReason | LostReason | MergeRefusalReason | 'too_many_bytes';

export interface CheckedBody {
  /** Text 0.0.4 that keeps to the policy; families in the order of their names. */
  readonly body: Buffer;
  readonly sampleCount: number;
  /** Number of dropped samples, by reason. */
  readonly refused: ReadonlyMap<RefusalReason, number>;
  /** The first faults, with their places. */
  readonly faults: readonly Fault[];
}

/** Never throws for the content of the body. Beyond `maxBytes`, the families that are complete within the limit are kept. */
export function checkBody(body: Buffer, policy: CheckPolicy): CheckedBody {
  return runToEnd(new BodyChecker(policy).check(body));
}

/** How bodies were checked. */
export interface CheckPaths {
  /** Bodies that had all of the last form. */
  matchedBodies: number;
  /** Number of these bodies that were passed on unchanged. */
  copiedBodies: number;
}

/** Limit of a body whose form is kept. Bodies of honest guests with 256 CPUs are smaller. */
const MAX_KNOWN_BYTES = 1024 * 1024;

/** One chunk for values, one for the text. */
const MAX_KEPT_CHUNKS = 2;

/** Results of checking a body that depend on its form only. */
interface KnownForm {
  readonly form: BodyForm;
  readonly families: readonly MergedFamily[];
  readonly sampleCount: number;
  readonly refused: ReadonlyMap<RefusalReason, number>;
  /** The checked text is the body itself: every family passes, spelled and ordered as it is. */
  readonly isCopy: boolean;
}

/**
 * Checks the bodies of one guest. It keeps the form of the last one without faults: of another body that has the same form,
 * only the values are checked. Why that is sound: docs/scanner.md.
 */
export class BodyChecker {
  readonly #policy: CheckPolicy;
  readonly #paths: CheckPaths | undefined;
  readonly #pool = new ChunkPool(MAX_KEPT_CHUNKS);
  #known: KnownForm | undefined;

  constructor(policy: CheckPolicy, paths?: CheckPaths) {
    this.#policy = policy;
    this.#paths = paths;
  }

  /** Like `checkBody`, in small steps. The checked text may share memory with `body`. */
  *check(body: Buffer): Generator<void, CheckedBody> {
    const known = this.#known;
    const isPartial = body.length > this.#policy.maxBytes;
    if (known !== undefined && !isPartial) {
      const slabs = new ValueSlabs(this.#pool);
      const values = yield* matchBody(body, known.form, slabs);
      const checked = values && (yield* this.#checkKnown(body, known, values));
      slabs.release();
      if (checked !== undefined) {
        return checked;
      }
    }
    return yield* this.#checkAll(body, isPartial, known);
  }

  *#checkKnown(body: Buffer, known: KnownForm, values: ValueTable): Generator<void, CheckedBody> {
    const { form, sampleCount, refused, isCopy } = known;
    if (this.#paths !== undefined) {
      this.#paths.matchedBodies++;
      this.#paths.copiedBodies += isCopy ? 1 : 0;
    }
    const text = isCopy ? body : yield* this.#write(toSource(this.#policy, { form, values, faults: noFaults }), known);
    return { body: text, sampleCount, refused, faults: noFaults.described };
  }

  *#checkAll(body: Buffer, isPartial: boolean, last: KnownForm | undefined): Generator<void, CheckedBody> {
    const policy = this.#policy;
    const refused = new Map<RefusalReason, number>();
    const refuse = (reason: RefusalReason, samples: number): void => {
      if (samples > 0) {
        refused.set(reason, (refused.get(reason) ?? 0) + samples);
      }
    };
    if (isPartial) {
      refuse('too_many_bytes', countLinesAfter(body, policy.maxBytes));
    }
    const scanned = yield* new BodyScanner(isPartial ? body.subarray(0, policy.maxBytes) : body, {
      rules: policy,
      isPartial,
      ...followForm(last?.form),
    }).run();
    for (const [reason, lines] of countLostLines(scanned)) {
      refuse(reason, lines);
    }
    const source = toSource(policy, scanned);
    const plan = yield* planMergeInSteps([source]);
    for (const { family, reason } of plan.refusals) {
      refuse(reason, countSamples(family));
    }
    const passed = plan.families.flatMap(({ parts }) => parts.map(({ family }) => countSamples(family)));
    const sampleCount = passed.reduce((sum, count) => sum + count, 0);
    const { form } = scanned;
    const known = { form, families: plan.families, sampleCount, refused, isCopy: isCopied(plan, form) };
    // Not a template: no other body could be matched with it.
    const isKept = form.valueBytes !== undefined && body.length <= MAX_KNOWN_BYTES;
    this.#known = isKept ? known : undefined;
    return { body: yield* this.#write(source, known), sampleCount, refused, faults: scanned.faults.described };
  }

  /** The text of the families, with the values of `source`, which must be of their form. */
  *#write(source: MergeSource, { families }: KnownForm): Generator<void, Buffer> {
    const sources = [source];
    const plan = {
      families: families.map((family) => ({
        ...family,
        parts: family.parts.map((part) => ({ family: part.family, sources })),
      })),
      refusals: [],
    };
    const chunks: Buffer[] = [];
    for (const chunk of writeText(plan, this.#pool)) {
      chunks.push(chunk);
      yield;
    }
    const text = Buffer.concat(chunks);
    for (const chunk of chunks) {
      this.#pool.give(chunk);
    }
    return text;
  }
}

function toSource(policy: CheckPolicy, scan: Scan): MergeSource {
  return { id: '', scan, labels: noLabels, naming: toNaming(policy) };
}

/** Whether the plan gives each family of the form as it is, in its place, under its own head. */
function isCopied({ families, refusals }: MergePlan, form: BodyForm): boolean {
  return (
    form.valueBytes !== undefined &&
    refusals.length === 0 &&
    families.length === form.families.length &&
    families.every((family, i) => {
      const { prefix, parts } = family;
      const [part] = parts;
      const own = form.families[i]!;
      return parts.length === 1 && part?.family === own && prefix === '' && hasSameHead(family, own, form);
    })
  );
}

function hasSameHead(family: MergedFamily, { head }: ScannedFamily, { series }: BodyForm): boolean {
  return head !== undefined && series.body.toString('latin1', head.start, head.end) === headText(family);
}

function toNaming({ allowedPrefixes, isForbidden = () => false, renames }: CheckPolicy): Naming {
  return (name) => {
    const prefix = renames.find(({ startsWith }) => name.startsWith(startsWith))?.prefix ?? '';
    const finalName = prefix + name;
    const isAllowed = allowedPrefixes.some((allowed) => finalName.startsWith(allowed)) && !isForbidden(finalName);
    return isAllowed ? { kind: 'named', prefix } : { kind: 'forbidden' };
  };
}

/** Lines that a cut at `offset` costs, the cut one among them. */
function countLinesAfter(body: Buffer, offset: number): number {
  let lines = 1;
  for (let at = body.indexOf(LF, offset); at >= 0 && at + 1 < body.length; at = body.indexOf(LF, at + 1)) {
    lines++;
  }
  return lines;
}
