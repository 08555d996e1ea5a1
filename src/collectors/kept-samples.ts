/**
 * Reuses samples of the last scrape for entries of a file that its reader returns again: the same object at the same
 * index.
 */
export class KeptSamples<E, S> {
  readonly #make: (entry: E) => S;
  #entries: readonly E[] = [];
  #samples: S[] = [];

  constructor(make: (entry: E) => S) {
    this.#make = make;
  }

  /** `make` of each entry, or what it returned at the last scrape. These samples are shared, so they are never changed. */
  of(entries: readonly E[]): readonly S[] {
    if (entries === this.#entries) {
      return this.#samples;
    }
    const last = this.#entries;
    const lastSamples = this.#samples;
    const samples: S[] = [];
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i]!;
      samples.push(entry === last[i] ? lastSamples[i]! : this.#make(entry));
    }
    this.#entries = entries;
    this.#samples = samples;
    return samples;
  }
}
