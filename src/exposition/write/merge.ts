/**
 * Groups the families of many scanned bodies by name and settles what they are called, what type they have and what
 * their HELP says. The plan it returns holds references only; the writers turn it into bytes.
 *
 * What bodies say of a family that is not known beforehand is no vote: many hostile sandboxes must not take an honest
 * one's samples away. Where scalar types differ the family is untyped for all; a distribution that cannot stand beside
 * what another body sends is given as the untyped families of its samples.
 */

import { type FamilyType, isDistribution } from '../format/family.ts';
import { runToEnd, sortByName } from '../format/steps.ts';
import { sampleSuffixes, splitSuffix } from '../format/suffixes.ts';
import {
  Candidate,
  type FamilyPlace,
  gather,
  type MergedFamily,
  type MergeOptions,
  type MergePart,
  type MergePlan,
  type MergeRefusal,
  type MergeSource,
  type Naming,
} from './merge-plan.ts';
import { splitDistribution } from './split-distribution.ts';

export type * from './merge-plan.ts';

const named: FamilyPlace = { kind: 'named', prefix: '' };

/** Every family keeps its name. */
export const keepNames: Naming = () => named;

/** Plans one response from bodies, in the order of their samples in the response. */
export function planMerge(sources: Iterable<MergeSource>, options?: MergeOptions): MergePlan {
  return runToEnd(planMergeInSteps(sources, options));
}

/** Merges in small steps: yields where the caller may do other things. */
export function* planMergeInSteps(
  sources: Iterable<MergeSource>,
  options: MergeOptions = {},
): Generator<void, MergePlan> {
  const refusals: MergeRefusal[] = [];
  const candidates = yield* gather(sources, refusals);
  const families = yield* new TypeSettler(candidates, options, refusals).run();
  return { families: yield* sortByName(families), refusals };
}

/** Families that are settled without a pause. */
const STEP_FAMILIES = 512;

class TypeSettler {
  readonly #candidates: Map<string, Candidate>;
  readonly #options: MergeOptions;
  readonly #refusals: MergeRefusal[];
  /** Names to look at, again where something was added to them. */
  readonly #open: Set<string>;

  constructor(candidates: Map<string, Candidate>, options: MergeOptions, refusals: MergeRefusal[]) {
    this.#candidates = candidates;
    this.#options = options;
    this.#refusals = refusals;
    this.#open = new Set(candidates.keys());
  }

  *run(): Generator<void, MergedFamily[]> {
    let settled = 0;
    // The set grows while it is gone through. Only distributions are split, into families that are none: it ends.
    for (const name of this.#open) {
      this.#open.delete(name);
      const candidate = this.#candidates.get(name);
      if (candidate !== undefined) {
        this.#settle(candidate);
      }
      if (++settled % STEP_FAMILIES === 0) {
        yield;
      }
    }
    const families: MergedFamily[] = [];
    for (const candidate of this.#candidates.values()) {
      families.push(...this.#close(candidate));
      if (families.length % STEP_FAMILIES === 0) {
        yield;
      }
    }
    return families;
  }

  #typeOf({ name }: Candidate): FamilyType | undefined {
    return this.#options.typeOf?.(name);
  }

  #settle(candidate: Candidate): void {
    const known = this.#typeOf(candidate);
    if (known === undefined && candidate.isMixed) {
      this.#split(candidate, ({ family }) => isDistribution(family.type));
    }
    const type = known ?? candidate.commonType;
    this.#refuseWhatDoesNotFit(candidate, type);
    if (isDistribution(type) && candidate.parts.length > 0) {
      this.#settleClashes(candidate, type, known !== undefined);
    }
  }

  #refuseWhatDoesNotFit(candidate: Candidate, settled: FamilyType): void {
    const fits = ({ family: { type } }: MergePart): boolean =>
      type === settled || !(isDistribution(type) || isDistribution(settled));
    if (!candidate.parts.every(fits)) {
      this.#refuse(candidate.parts.filter((part) => !fits(part)));
      candidate.setParts(candidate.parts.filter(fits));
    }
  }

  /**
   * A family cannot be called as samples of another are: readers take its lines for those. The one that is known stays;
   * where none is, the distribution is split, and all samples stay. Bodies without TYPE lines are no reason for that.
   */
  #settleClashes(candidate: Candidate, type: 'histogram' | 'summary', isKnown: boolean): void {
    for (const suffix of sampleSuffixes[type]) {
      const other = suffix === '' ? undefined : this.#candidates.get(candidate.name + suffix);
      if (other === undefined || other.parts.length === 0) {
        continue;
      }
      const isOtherKnown = this.#typeOf(other) !== undefined;
      if (isKnown || !(other.hasStatedSamples || isOtherKnown)) {
        this.#refuse(other.parts);
        this.#candidates.delete(other.name);
      } else if (isOtherKnown) {
        this.#refuse(candidate.parts);
        this.#candidates.delete(candidate.name);
        return;
      } else {
        this.#split(candidate, () => true);
        return;
      }
    }
  }

  /** Gives the parts that `isSplit` names as untyped families, one for each name that their samples have. */
  #split(candidate: Candidate, isSplit: (part: MergePart) => boolean): void {
    const { parts } = candidate;
    candidate.setParts(parts.filter((part) => !isSplit(part)));
    const targets = new Map<string, { readonly target: Candidate; readonly taken: ReadonlySet<MergeSource> }>();
    for (const { family, sources } of parts.filter(isSplit)) {
      for (const [suffix, split] of splitDistribution(family, sources[0]!.scan.form.series)) {
        let found = targets.get(suffix);
        if (found === undefined) {
          const target = this.#openTarget(candidate, suffix);
          // What a body itself calls so may be the same series.
          found = { target, taken: new Set(target.parts.flatMap((part) => part.sources)) };
          targets.set(suffix, found);
        }
        const { target, taken } = found;
        const canTake = target.prefix === candidate.prefix && !isDistribution(this.#typeOf(target));
        for (const source of sources) {
          if (canTake && !taken.has(source)) {
            target.add(source, split);
          } else {
            this.#refusals.push({ source, family: split, reason: 'conflicting_family' });
          }
        }
      }
    }
  }

  /** The family that samples of `candidate` with that suffix go to; it, and what it may clash with, is looked at again. */
  #openTarget(candidate: Candidate, suffix: string): Candidate {
    const name = candidate.name + suffix;
    let target = this.#candidates.get(name);
    if (target === undefined) {
      target = new Candidate(name, candidate.prefix);
      this.#candidates.set(name, target);
    }
    this.#open.add(name);
    const base = splitSuffix(name)?.name;
    if (base !== undefined) {
      this.#open.add(base);
    }
    return target;
  }

  #refuse(parts: readonly MergePart[]): void {
    for (const { family, sources } of parts) {
      this.#refusals.push(...sources.map((source): MergeRefusal => ({ source, family, reason: 'conflicting_family' })));
    }
  }

  /** As the sources describe it where they agree, so that one of them cannot describe the families of others. */
  #helpOf(name: string, parts: readonly MergePart[]): Buffer | undefined {
    return (
      commonHelp(parts) ??
      this.#options.helpOf?.(name) ??
      parts.find(({ family }) => family.help !== undefined)?.family.help
    );
  }

  #close(candidate: Candidate): MergedFamily[] {
    const { name, prefix, parts } = candidate;
    if (parts.length === 0) {
      return [];
    }
    const known = this.#typeOf(candidate);
    const help = this.#helpOf(name, parts);
    return [{ name, type: known ?? candidate.commonType, isKnown: known !== undefined, help, prefix, parts }];
  }
}

/** Undefined when there is none, or two differ. Bodies of the same form have the same buffer. */
function commonHelp(parts: readonly MergePart[]): Buffer | undefined {
  let common: Buffer | undefined;
  for (const { family } of parts) {
    const { help } = family;
    if (help === undefined || help === common) {
      continue;
    }
    if (common !== undefined && !common.equals(help)) {
      return undefined;
    }
    common ??= help;
  }
  return common;
}
