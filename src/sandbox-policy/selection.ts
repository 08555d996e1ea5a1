/**
 * What is in the answer at all: the profile that the operator chose, with what they allow and deny beside it.
 */
import { chooseInProfile, type Profile } from '../catalog/index.ts';
import type { FamilyChoice } from '../exposition/index.ts';
import { longestPrefixOf } from './prefixes.ts';

export interface FamilySelectionOptions {
  readonly metricsProfile: Profile;
  /** Beginnings of names of families that are in the answer, whatever the profile says. */
  readonly metricsAllow: readonly string[];
  /** Those of families that are not. Of two that fit a name, the longer one counts; of two that are alike, this. */
  readonly metricsDeny: readonly string[];
}

export class FamilySelection {
  readonly #options: FamilySelectionOptions;
  /** Whether nothing is left out, so that nobody needs to ask. */
  readonly isEverything: boolean;

  constructor(options: FamilySelectionOptions) {
    this.#options = options;
    this.isEverything = options.metricsProfile === 'full' && options.metricsDeny.length === 0;
  }

  /** By the name that a family has in the node's answer. */
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

/** Everything that is there. */
export const everything = new FamilySelection({ metricsProfile: 'full', metricsAllow: [], metricsDeny: [] });
