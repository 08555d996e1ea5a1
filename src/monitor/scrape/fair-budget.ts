/**
 * What the sandboxes of one scrape may take together of something that costs the monitor: bytes, samples. Every sandbox has
 * a share that nothing takes from it. Beyond that there is a common extra, which is parted by what each sandbox wanted in the
 * last scrape: those that want little get it, and the others the same part of the rest. So a scrape costs at most one share
 * for each sandbox and the extra.
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
    const budget = new ScrapeBudget(this.#limits, partOf(this.#limits.extra, this.#last?.wishes ?? []));
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
  /** What each sandbox wants beyond its share, by id; endless for one that did not get it all. */
  readonly #wishes = new Map<string, number>();

  /** `partOfExtra`: the most that one sandbox may have of the extra. */
  constructor(limits: FairBudgetLimits, partOfExtra: number) {
    this.#limits = limits;
    this.#partOfExtra = partOfExtra;
    this.#extraLeft = limits.extra;
  }

  /** What sandboxes wanted beyond their shares. */
  get wishes(): number[] {
    return [...this.#wishes.values()];
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
    const isWhole = share + has >= wanted;
    this.#wishes.set(sandboxId, isWhole ? Math.max(has, this.#wishes.get(sandboxId) ?? 0) : Number.POSITIVE_INFINITY);
    return Math.min(wanted, share + has);
  }
}

/** The most that each of those with these wishes may have, so that all of them together have `extra`: max-min fairness. */
function partOf(extra: number, wishes: readonly number[]): number {
  const sorted = wishes.toSorted((a, b) => a - b);
  let left = extra;
  for (let i = 0; i < sorted.length; i++) {
    const part = Math.floor(left / (sorted.length - i));
    if (sorted[i]! > part) {
      return part;
    }
    left -= sorted[i]!;
  }
  return extra;
}
