/**
 * Checks a body from an untrusted guest, and returns the part that may be passed on. Dropped samples are counted by reason,
 * so that the caller can report them.
 */

import { LF } from './format/characters.ts';
import { noLabels } from './format/extra-labels.ts';
import type { Fault, FaultReason } from './format/fault.ts';
import { runToEnd } from './format/steps.ts';
import { BodyScanner } from './scan/body-scanner.ts';
import { countLostLines, type LostReason } from './scan/lost-lines.ts';
import { countSamples, type ScanRules } from './scan/scanned-body.ts';
import { planMergeInSteps } from './write/merge.ts';
import type { MergeRefusalReason, Naming } from './write/merge-plan.ts';
import { writeText } from './write/write-text.ts';

export interface CheckPolicy extends ScanRules {
  /** A family may pass when its name, as it is passed on, begins with one of these. */
  readonly allowedPrefixes: readonly string[];
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
  return runToEnd(checkBodyInSteps(body, policy));
}

/** The same in small steps. */
export function* checkBodyInSteps(body: Buffer, policy: CheckPolicy): Generator<void, CheckedBody> {
  const refused = new Map<RefusalReason, number>();
  const refuse = (reason: RefusalReason, samples: number): void => {
    if (samples > 0) {
      refused.set(reason, (refused.get(reason) ?? 0) + samples);
    }
  };
  const isPartial = body.length > policy.maxBytes;
  if (isPartial) {
    refuse('too_many_bytes', countLinesAfter(body, policy.maxBytes));
  }
  const scanned = yield* new BodyScanner(isPartial ? body.subarray(0, policy.maxBytes) : body, {
    rules: policy,
    isPartial,
  }).run();
  for (const [reason, lines] of countLostLines(scanned)) {
    refuse(reason, lines);
  }
  const sources = [{ id: '', scan: scanned, labels: noLabels, naming: toNaming(policy) }];
  const plan = yield* planMergeInSteps(sources);
  for (const { family, reason } of plan.refusals) {
    refuse(reason, countSamples(family));
  }
  const passed = plan.families.flatMap(({ parts }) => parts.map(({ family }) => countSamples(family)));
  const chunks: Buffer[] = [];
  for (const chunk of writeText(plan)) {
    chunks.push(chunk);
    yield;
  }
  return {
    body: Buffer.concat(chunks),
    sampleCount: passed.reduce((sum, count) => sum + count, 0),
    refused,
    faults: scanned.faults.described,
  };
}

function toNaming({ allowedPrefixes, renames }: CheckPolicy): Naming {
  return (name) => {
    const prefix = renames.find(({ startsWith }) => name.startsWith(startsWith))?.prefix ?? '';
    const isAllowed = allowedPrefixes.some((allowed) => (prefix + name).startsWith(allowed));
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
