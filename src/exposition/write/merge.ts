/**
 * Groups the families of many scanned bodies by name and settles what they are called, what type they have and what
 * their HELP says. The plan it returns holds references only; the writers turn it into bytes.
 */
import type { ExtraLabels } from '../format/extra-labels.ts';
import type { FamilyType } from '../format/family.ts';
import type { Scan, ScannedFamily } from '../scan/scanned-body.ts';

/** What becomes of a body's family: named with a prefix in front (maybe none), or not allowed. */
export type FamilyPlace = { readonly kind: 'named'; readonly prefix: string } | { readonly kind: 'forbidden' };

/** Decides by a family's name in its body. Called once for each name in a plan. */
export type Naming = (name: string) => FamilyPlace;

const named: FamilyPlace = { kind: 'named', prefix: '' };

/** Every family keeps its name. */
export const keepNames: Naming = () => named;

/** One body and what is made of it. */
export interface MergeSource {
  /** Names the source in refusals: a sandbox id. */
  readonly id: string;
  readonly scan: Scan;
  /** Labels put behind the sample's own. */
  readonly labels: ExtraLabels;
  readonly naming: Naming;
}

export interface MergeOptions {
  /** The type that a family is known to have, by its final name; it wins over what bodies say. */
  readonly typeOf?: (name: string) => FamilyType | undefined;
  /** The HELP text that a family is known to have, escaped as in text 0.0.4; it wins likewise. */
  readonly helpOf?: (name: string) => Buffer | undefined;
}

/** The share that sources have in a family which stand one behind the other and are alike in it. */
export interface MergePart {
  /** Where each of them has it in its lines. */
  readonly family: ScannedFamily;
  readonly sources: readonly MergeSource[];
}

export interface MergedFamily {
  readonly name: string;
  readonly type: FamilyType;
  /** HELP text, escaped as in text 0.0.4: the known one, else that of the first source that has one. */
  readonly help: Buffer | undefined;
  /** Put in front of every sample name: the part of `name` that the bodies do not have. */
  readonly prefix: string;
  /** In the order of the sources. */
  readonly parts: readonly MergePart[];
}

export type MergeRefusalReason = 'conflicting_family' | 'forbidden_family';

/** A source's family that is not in the answer. */
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

interface GrowingPart extends MergePart {
  readonly sources: MergeSource[];
}

interface Candidate {
  readonly name: string;
  readonly prefix: string;
  parts: GrowingPart[];
  /** The first part's type, for as long as all have it. */
  commonType: FamilyType | 'several';
}

/** Plans one answer from bodies in the order in which their samples are to stand. */
export function planMerge(sources: Iterable<MergeSource>, options: MergeOptions = {}): MergePlan {
  const refusals: MergeRefusal[] = [];
  const candidates = gather(sources, refusals);
  const settled = candidates.map((candidate) => settle(candidate, options, refusals));
  const families = refuseNameClashes(settled, options, refusals);
  return { families: families.sort((a, b) => (a.name < b.name ? -1 : 1)), refusals };
}

type Place = Candidate | FamilyPlace;

function gather(sources: Iterable<MergeSource>, refusals: MergeRefusal[]): Candidate[] {
  const candidates = new Map<string, Candidate>();
  const places = new PlaceFinder(candidates);
  for (const source of sources) {
    const { families } = source.scan;
    const placesOfFamilies = places.find(families, source.naming);
    for (let i = 0; i < families.length; i++) {
      const family = families[i]!;
      const place = placesOfFamilies[i]!;
      if (!('kind' in place)) {
        addTo(place, source, family);
      } else {
        refusals.push({ source, family, reason: 'forbidden_family' });
      }
    }
  }
  return [...candidates.values()].filter(({ parts }) => parts.length > 0);
}

function addTo(place: Candidate, source: MergeSource, family: ScannedFamily): void {
  const { parts } = place;
  const last = parts.at(-1);
  if (last?.family === family) {
    last.sources.push(source);
    return;
  }
  const type = family.type ?? 'unknown';
  place.commonType = last === undefined || place.commonType === type ? type : 'several';
  parts.push({ family, sources: [source] });
}

/** Remembers the place of each name, and of whole lists: scans of like bodies share theirs. */
class PlaceFinder {
  readonly #candidates: Map<string, Candidate>;
  readonly #byNaming = new Map<Naming, { names: Map<string, Place>; lists: Map<readonly ScannedFamily[], Place[]> }>();

  constructor(candidates: Map<string, Candidate>) {
    this.#candidates = candidates;
  }

  find(families: readonly ScannedFamily[], naming: Naming): readonly Place[] {
    let known = this.#byNaming.get(naming);
    if (known === undefined) {
      known = { names: new Map(), lists: new Map() };
      this.#byNaming.set(naming, known);
    }
    const { names, lists } = known;
    let places = lists.get(families);
    if (places === undefined) {
      places = families.map((family) => {
        const place = names.get(family.name) ?? findPlace(family, naming, this.#candidates);
        names.set(family.name, place);
        return place;
      });
      lists.set(families, places);
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
  const candidate: Candidate = { name, prefix: place.prefix, parts: [], commonType: 'several' };
  candidates.set(name, candidate);
  return candidate;
}

function settle(candidate: Candidate, options: MergeOptions, refusals: MergeRefusal[]): MergedFamily {
  const { name, prefix, commonType } = candidate;
  let { parts } = candidate;
  const type = options.typeOf?.(name) ?? (commonType === 'several' ? majorityType(parts) : commonType);
  if (type !== commonType) {
    const fitting: GrowingPart[] = [];
    for (const part of parts) {
      if (canHold(type, part.family.type ?? 'unknown')) {
        fitting.push(part);
      } else {
        refusals.push(...refuse(part));
      }
    }
    parts = fitting;
  }
  const help = options.helpOf?.(name) ?? parts.find(({ family }) => family.help !== undefined)?.family.help;
  return { name, type, help, prefix, parts };
}

/** Names that samples of a family can have beside its own. */
const suffixesOf: Readonly<Partial<Record<FamilyType, readonly string[]>>> = {
  histogram: ['_bucket', '_count', '_sum'],
  summary: ['_count', '_sum'],
};

/**
 * A family cannot be called as samples of another are: readers take its lines for those. The one that is known stays,
 * else the one that more sources have.
 */
function refuseNameClashes(
  families: readonly MergedFamily[],
  { typeOf }: MergeOptions,
  refusals: MergeRefusal[],
): MergedFamily[] {
  const byName = new Map(families.map((family) => [family.name, family]));
  for (const family of families) {
    for (const suffix of suffixesOf[family.type] ?? []) {
      const other = byName.get(family.name + suffix);
      if (other !== undefined && byName.has(family.name)) {
        const rank = ({ name, parts }: MergedFamily): number =>
          typeOf?.(name) === undefined ? countSources(parts) : Number.POSITIVE_INFINITY;
        const loser = rank(other) > rank(family) ? family : other;
        byName.delete(loser.name);
        refusals.push(...loser.parts.flatMap(refuse));
      }
    }
  }
  return [...byName.values()];
}

function refuse({ family, sources }: MergePart): MergeRefusal[] {
  return sources.map((source) => ({ source, family, reason: 'conflicting_family' }));
}

function countSources(parts: readonly MergePart[]): number {
  return parts.reduce((sum, { sources }) => sum + sources.length, 0);
}

/** What most sources say that say anything; of equals, what is said first. */
function majorityType(parts: readonly MergePart[]): FamilyType {
  const votes = new Map<FamilyType, number>();
  for (const { family, sources } of parts) {
    if (family.type !== undefined && family.type !== 'unknown') {
      votes.set(family.type, (votes.get(family.type) ?? 0) + sources.length);
    }
  }
  const [winner] = [...votes].sort(([, a], [, b]) => b - a);
  return winner?.[0] ?? 'unknown';
}

/** Whether samples written under one type make sense under another: one value under one name does, buckets do not. */
function canHold(type: FamilyType, partType: FamilyType): boolean {
  return type === partType || (isScalar(type) && isScalar(partType));
}

function isScalar(type: FamilyType): boolean {
  return type === 'counter' || type === 'gauge' || type === 'unknown';
}
