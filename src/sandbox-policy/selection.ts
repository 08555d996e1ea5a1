/**
 * Which families are in the response: the profile of the operator, with their allow and deny prefixes.
 */
import { chooseInProfile, type Profile } from '../catalog/index.ts';
import type { FamilyChoice } from '../exposition/index.ts';
import { longestPrefixOf } from './prefixes.ts';

export interface FamilySelectionOptions {
  readonly metricsProfile: Profile;
  /** Name prefixes of families to include whatever the profile is. */
  readonly metricsAllow: readonly string[];
  /** Name prefixes of families to exclude. If both match a name, the longer prefix wins; deny wins if they are equal. */
  readonly metricsDeny: readonly string[];
}

/** Immutable. Decides for each family whether it is in the response. */
export class FamilySelection {
  readonly #options: FamilySelectionOptions;
  /** Whether the selection drops nothing, so that callers can skip `choose`. */
  readonly isEverything: boolean;

  constructor(options: FamilySelectionOptions) {
    this.#options = options;
    this.isEverything = options.metricsProfile === 'full' && options.metricsDeny.length === 0;
  }

  /** Decides by the name of the family in the response of the node. */
  readonly choose = (name: string): FamilyChoice => {
    const { metricsProfile, metricsAllow, metricsDeny } = this.#options;
    const allowed = longestPrefixOf(name, metricsAllow);
    const denied = longestPrefixOf(name, metricsDeny);
    if (allowed === 0 && denied === 0) {
      return chooseInProfile(metricsProfile, name);
    }
    return allowed > denied ? 'all' : 'none';
  };
}

/** Selects every family. */
export const everything = new FamilySelection({ metricsProfile: 'full', metricsAllow: [], metricsDeny: [] });
