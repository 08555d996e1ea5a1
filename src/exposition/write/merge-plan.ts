/**
 * What a merge takes and what it returns, and its first step: the families of all bodies by their names. References to
 * lines of scanned bodies, no bytes; the writers turn it into bytes.
 */
import type { ExtraLabels } from '../format/extra-labels.ts';
import { type FamilyType, isDistribution } from '../format/family.ts';
import { type BodyForm, countSamples, type Scan, type ScannedFamily } from '../scan/scanned-body.ts';

/** The final name of a body's family: with a prefix (maybe an empty one), or none because the family is not allowed. */
export type FamilyPlace = { readonly kind: 'named'; readonly prefix: string } | { readonly kind: 'forbidden' };

/** Decides by a family's name in its body. Called once for each name in a plan. */
export type Naming = (name: string) => FamilyPlace;

/** One body and what is made of it. */
export interface MergeSource {
  /** Names the source in refusals: a sandbox id. */
  readonly id: string;
  readonly scan: Scan;
  /** Labels appended to those of the sample. */
  readonly labels: ExtraLabels;
  readonly naming: Naming;
  /** When its counters and histograms began, in milliseconds since 1970. Only protobuf says it. Default: not known. */
  readonly createdMs?: number;
  /** Returns the start times of sources whose families began at different times, by final name. Called when the plan is written. */
  readonly createdMsOf?: (family: string) => number | undefined;
}

/** When the counters of a family of this source began. */
export function createdMsOf({ createdMs, createdMsOf: find }: MergeSource, family: string): number | undefined {
  return find === undefined ? createdMs : find(family);
}

export interface MergeOptions {
  /** The type that a family is known to have, by its final name; it wins over what bodies say. */
  readonly typeOf?: (name: string) => FamilyType | undefined;
  /** The HELP text that a family is known to have, escaped as in text 0.0.4; used where sources have none or differ. */
  readonly helpOf?: (name: string) => Buffer | undefined;
}

/** The part of a family that consecutive sources with the same form contribute. */
export interface MergePart {
  /** Where each of them has it in its lines. */
  readonly family: ScannedFamily;
  readonly sources: readonly MergeSource[];
}

export interface MergedFamily {
  readonly name: string;
  readonly type: FamilyType;
  /** Whether the type is one that was known before any body said it. */
  readonly isKnown: boolean;
  /** HELP text, escaped as in text 0.0.4: the one that all sources have, else the known one, else the first. */
  readonly help: Buffer | undefined;
  /** Put in front of every sample name: the part of `name` that the bodies do not have. */
  readonly prefix: string;
  /** The parts in the order of the sources. Samples of distributions that become untyped families come last. */
  readonly parts: readonly MergePart[];
}

export type MergeRefusalReason = 'conflicting_family' | 'forbidden_family' | 'not_in_openmetrics';

/** A family of a source that is not in the response. */
export interface MergeRefusal {
  readonly source: MergeSource;
  readonly family: ScannedFamily;
  readonly reason: MergeRefusalReason;
}

export interface MergePlan {
  /** Sorted by name, bytewise. */
  readonly families: readonly MergedFamily[];
  readonly refusals: readonly MergeRefusal[];
}

/** Number of sample lines of a plan; stops counting at `most`. */
export function countLines({ families }: MergePlan, most: number): number {
  let lines = 0;
  for (const { parts } of families) {
    for (const { family, sources } of parts) {
      lines += countSamples(family) * sources.length;
      if (lines >= most) {
        return lines;
      }
    }
  }
  return lines;
}

interface GrowingPart extends MergePart {
  readonly sources: MergeSource[];
}

/** A family of the response while it is being put together: what each body says of it. */
export class Candidate {
  readonly name: string;
  /** Put in front of every sample name. */
  readonly prefix: string;
  parts: GrowingPart[] = [];
  /** What TYPE lines of bodies with samples say; of all bodies, where none has any. */
  #statedType: FamilyType | 'several' | undefined = undefined;
  #emptyType: FamilyType | undefined = undefined;
  #hasScalars = false;
  #hasDistributions = false;
  /** Samples without a TYPE line, which may be those of any scalar type. */
  #hasUnstated = false;

  constructor(name: string, prefix: string) {
    this.name = name;
    this.prefix = prefix;
  }

  /** Sources come in their order. */
  add(source: MergeSource, family: ScannedFamily): void {
    const last = this.parts.at(-1);
    if (last?.family === family) {
      last.sources.push(source);
      return;
    }
    this.parts.push({ family, sources: [source] });
    const { type } = family;
    if (family.segments.length === 0) {
      this.#emptyType ??= type;
      return;
    }
    if (type === undefined) {
      this.#hasUnstated = true;
    } else {
      this.#hasScalars ||= !isDistribution(type);
      this.#hasDistributions ||= isDistribution(type);
      this.#statedType = this.#statedType === undefined || this.#statedType === type ? type : 'several';
    }
  }

  /** Replaces all parts. */
  setParts(parts: readonly MergePart[]): void {
    this.parts = [];
    this.#statedType = undefined;
    this.#emptyType = undefined;
    this.#hasScalars = false;
    this.#hasDistributions = false;
    this.#hasUnstated = false;
    for (const { family, sources } of parts) {
      for (const source of sources) {
        this.add(source, family);
      }
    }
  }

  get hasSamples(): boolean {
    return this.hasStatedSamples || this.#hasUnstated;
  }

  /** Whether there are samples with a TYPE line. */
  get hasStatedSamples(): boolean {
    return this.#hasScalars || this.#hasDistributions;
  }

  /** Whether TYPE lines state distributions beside other types: no type can hold both. */
  get isMixed(): boolean {
    const hasTwoDistributions = this.#hasDistributions && this.#statedType === 'several';
    return hasTwoDistributions || (this.#hasDistributions && this.#hasScalars);
  }

  /** The type that no body contradicts; `unknown` where scalar types differ, or none is stated. */
  get commonType(): FamilyType {
    const stated = this.#statedType ?? (this.hasSamples ? undefined : this.#emptyType);
    return stated === undefined || stated === 'several' ? 'unknown' : stated;
  }
}

/** Families that are worked on without a pause. */
const STEP_GATHERED = 1024;

type Place = Candidate | FamilyPlace;

/** The families of the response by their names. What `naming` forbids is added to `refusals`. In small steps. */
export function* gather(
  sources: Iterable<MergeSource>,
  refusals: MergeRefusal[],
): Generator<void, Map<string, Candidate>> {
  let gathered = 0;
  const candidates = new Map<string, Candidate>();
  const places = new PlaceFinder(candidates);
  for (const source of sources) {
    const { form } = source.scan;
    const { families } = form;
    const placesOfFamilies = places.find(form, source.naming);
    for (let i = 0; i < families.length; i++) {
      const family = families[i]!;
      const place = placesOfFamilies[i]!;
      if (!('kind' in place)) {
        place.add(source, family);
      } else {
        refusals.push({ source, family, reason: 'forbidden_family' });
      }
    }
    gathered += families.length;
    if (gathered >= STEP_GATHERED) {
      gathered = 0;
      yield;
    }
  }
  return candidates;
}

/** Remembers the place of each name, and those of all families of a form. */
class PlaceFinder {
  readonly #candidates: Map<string, Candidate>;
  readonly #byNaming = new Map<Naming, { names: Map<string, Place>; forms: Map<BodyForm, Place[]> }>();

  constructor(candidates: Map<string, Candidate>) {
    this.#candidates = candidates;
  }

  find(form: BodyForm, naming: Naming): readonly Place[] {
    let known = this.#byNaming.get(naming);
    if (known === undefined) {
      known = { names: new Map(), forms: new Map() };
      this.#byNaming.set(naming, known);
    }
    const { names, forms } = known;
    let places = forms.get(form);
    if (places === undefined) {
      places = form.families.map((family) => {
        const place = names.get(family.name) ?? findPlace(family, naming, this.#candidates);
        names.set(family.name, place);
        return place;
      });
      forms.set(form, places);
    }
    return places;
  }
}

function findPlace(family: ScannedFamily, naming: Naming, candidates: Map<string, Candidate>): Place {
  const place = naming(family.name);
  if (place.kind !== 'named') {
    return place;
  }
  const name = place.prefix + family.name;
  const known = candidates.get(name);
  if (known !== undefined) {
    // A name can be reached with a prefix and without; only what is written alike can stand in one family.
    return known.prefix === place.prefix ? known : { kind: 'forbidden' };
  }
  const candidate = new Candidate(name, place.prefix);
  candidates.set(name, candidate);
  return candidate;
}
