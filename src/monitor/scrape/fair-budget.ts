/**
 * What the sandboxes of one scrape may take together of something that costs the monitor: bytes, samples. Every sandbox has
 * a share that nothing takes from it. Beyond that there is a common extra, of which each sandbox that wants some gets the
 * same part: by how many wanted some in the last scrape. So a scrape costs at most one share for each sandbox and the extra.
 */

export interface FairBudgetLimits {
  /** Of each sandbox, whatever the others take. */
  readonly share: number;
  /** Of all sandboxes together, beyond their shares. */
  readonly extra: number;
}

export class FairBudget {
  readonly #limits: FairBudgetLimits;
  #last: ScrapeBudget | undefined;

  constructor(limits: FairBudgetLimits) {
    this.#limits = limits;
  }

  /** The budget of the next scrape. */
  begin(): ScrapeBudget {
    const budget = new ScrapeBudget(this.#limits, Math.max(1, this.#last?.wanting ?? 1));
    this.#last = budget;
    return budget;
  }
}

export class ScrapeBudget {
  readonly #limits: FairBudgetLimits;
  readonly #partOfExtra: number;
  #extraLeft: number;
  /** What each sandbox has of the extra, by id; 0 for one that wanted some and got none. */
  readonly #taken = new Map<string, number>();

  /** `expectedWanting`: how many sandboxes the extra is meant for. */
  constructor(limits: FairBudgetLimits, expectedWanting: number) {
    this.#limits = limits;
    this.#partOfExtra = Math.floor(limits.extra / expectedWanting);
    this.#extraLeft = limits.extra;
  }

  /** How many sandboxes wanted more than their share. */
  get wanting(): number {
    return this.#taken.size;
  }

  /** How much of `wanted` the sandbox may have in all. Repeated calls may want more, and get no less than before. */
  grant(sandboxId: string, wanted: number): number {
    const { share } = this.#limits;
    if (wanted <= share) {
      return wanted;
    }
    const had = this.#taken.get(sandboxId) ?? 0;
    const has = Math.max(had, Math.min(wanted - share, this.#partOfExtra, had + this.#extraLeft));
    this.#taken.set(sandboxId, has);
    this.#extraLeft -= has - had;
    return Math.min(wanted, share + has);
  }
}
