/**
 * The budget of one scrape for a resource of the monitor: bytes, samples. Every sandbox has a guaranteed share. Beyond the
 * shares there is a common extra, which is divided by the demand of each sandbox in the last scrape: sandboxes that demand
 * little get it, and the others equal parts of the rest. So a scrape uses at most one share per sandbox plus the extra.
 */

export interface FairBudgetLimits {
  /** Guaranteed to each sandbox. */
  readonly share: number;
  /** Available to all sandboxes together, beyond their shares. */
  readonly extra: number;
}

export class FairBudget {
  readonly #limits: FairBudgetLimits;
  #last: ScrapeBudget | undefined;

  constructor(limits: FairBudgetLimits) {
    this.#limits = limits;
  }

  /** Returns the budget of the next scrape. */
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
  /** Granted from the extra, by sandbox id; 0 when all of a demand was refused. */
  readonly #taken = new Map<string, number>();
  /** Demand beyond the share, by sandbox id; infinite when it was not granted completely. */
  readonly #wishes = new Map<string, number>();

  /** `partOfExtra`: limit of what one sandbox is granted from the extra. */
  constructor(limits: FairBudgetLimits, partOfExtra: number) {
    this.#limits = limits;
    this.#partOfExtra = partOfExtra;
    this.#extraLeft = limits.extra;
  }

  /** The demands of sandboxes beyond their shares. */
  get wishes(): number[] {
    return [...this.#wishes.values()];
  }

  /** Returns how much of `wanted`, a total, the sandbox is granted. Repeated calls may demand more and get no less. */
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

/** The limit per sandbox with which these demands together use `extra`: max-min fairness. */
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
