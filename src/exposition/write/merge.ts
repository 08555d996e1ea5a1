/**
 * Groups the families of many scanned bodies by name and settles what they are called, what type they have and what
 * their HELP says. The plan it returns holds references only; the writers turn it into bytes.
 */

import { runToEnd, sortByName } from '../format/steps.ts';
import type { BodyForm, ScannedFamily } from '../scan/scanned-body.ts';
import { Candidate } from './merge-candidate.ts';
import type { FamilyPlace, MergeOptions, MergePlan, MergeRefusal, MergeSource, Naming } from './merge-plan.ts';
import { settleTypes } from './settle-types.ts';

export type * from './merge-plan.ts';

const named: FamilyPlace = { kind: 'named', prefix: '' };

/** Every family keeps its name. */
export const keepNames: Naming = () => named;

/** Plans one answer from bodies in the order in which their samples are to stand. */
export function planMerge(sources: Iterable<MergeSource>, options?: MergeOptions): MergePlan {
  return runToEnd(planMergeInSteps(sources, options));
}

/** The same in small steps. */
export function* planMergeInSteps(
  sources: Iterable<MergeSource>,
  options: MergeOptions = {},
): Generator<void, MergePlan> {
  const refusals: MergeRefusal[] = [];
  const candidates = yield* gather(sources, refusals);
  const families = yield* settleTypes(candidates, options, refusals);
  return { families: yield* sortByName(families), refusals };
}

/** Families that are worked on without a pause. */
const STEP_FAMILIES = 1024;

type Place = Candidate | FamilyPlace;

function* gather(sources: Iterable<MergeSource>, refusals: MergeRefusal[]): Generator<void, Map<string, Candidate>> {
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
    if (gathered >= STEP_FAMILIES) {
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
