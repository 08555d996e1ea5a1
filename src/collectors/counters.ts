/**
 * Counters and histograms of a program's own work, as families of the catalog: the part of a client library that the shim
 * and the monitor need.
 */
import { catalog, type FamilyName } from '../catalog/index.ts';
import type { Sample } from '../exposition/index.ts';
import type { CatalogFamily } from './family.ts';

/** Counts without a label, from 0 on. */
export class PlainCounter {
  readonly #name: FamilyName;
  #value = 0;

  constructor(name: FamilyName) {
    this.#name = name;
  }

  add(count = 1): void {
    this.#value += count;
  }

  collect(): CatalogFamily {
    return toFamily(this.#name, [{ labels: {}, value: this.#value }]);
  }
}

/** Counts by the values of one label. */
export class LabelledCounter {
  readonly #name: FamilyName;
  readonly #label: string;
  readonly #series = new Map<string, { readonly labels: Sample['labels']; value: number }>();

  constructor(name: FamilyName, label: string) {
    this.#name = name;
    this.#label = label;
  }

  add(labelValue: string, count: number): void {
    let series = this.#series.get(labelValue);
    if (series === undefined) {
      series = { labels: { [this.#label]: labelValue }, value: 0 };
      this.#series.set(labelValue, series);
    }
    series.value += count;
  }

  /** Series in the order in which they came. */
  collect(): CatalogFamily {
    return toFamily(
      this.#name,
      [...this.#series.values()].map(({ labels, value }) => ({ labels, value })),
    );
  }
}

/** The samples of one histogram. */
class Distribution {
  readonly #limits: readonly number[];
  readonly #labels: Sample['labels'];
  readonly #bucketLabels: readonly Sample['labels'][];
  /** Observations of each bucket alone, not cumulative; the last bucket has no upper limit. */
  readonly #counts: Float64Array;
  #sum = 0;

  /** `limits`: upper limits of the buckets, rising. */
  constructor(limits: readonly number[], labels: Sample['labels']) {
    this.#limits = limits;
    this.#labels = labels;
    this.#bucketLabels = [...limits.map(String), '+Inf'].map((le) => ({ ...labels, le }));
    this.#counts = new Float64Array(this.#bucketLabels.length);
  }

  observe(value: number): void {
    const bucket = this.#limits.findIndex((limit) => value <= limit);
    const index = bucket < 0 ? this.#limits.length : bucket;
    this.#counts[index] = this.#counts[index]! + 1;
    this.#sum += value;
  }

  addTo(samples: Sample[]): void {
    let count = 0;
    for (const [i, labels] of this.#bucketLabels.entries()) {
      count += this.#counts[i]!;
      samples.push({ suffix: '_bucket', labels, value: count });
    }
    const labels = this.#labels;
    samples.push({ suffix: '_sum', labels, value: this.#sum }, { suffix: '_count', labels, value: count });
  }
}

/** A histogram without a label, which has samples from the start. */
export class PlainHistogram {
  readonly #name: FamilyName;
  readonly #distribution: Distribution;

  /** `limits`: upper limits of the buckets, rising. */
  constructor(name: FamilyName, limits: readonly number[]) {
    this.#name = name;
    this.#distribution = new Distribution(limits, {});
  }

  observe(value: number): void {
    this.#distribution.observe(value);
  }

  collect(): CatalogFamily {
    const samples: Sample[] = [];
    this.#distribution.addTo(samples);
    return toFamily(this.#name, samples);
  }
}

/** Histograms by the values of one label. */
export class LabelledHistogram {
  readonly #name: FamilyName;
  readonly #label: string;
  /** Upper limits of the buckets, rising. */
  readonly #limits: readonly number[];
  readonly #series = new Map<string, Distribution>();

  constructor(name: FamilyName, label: string, limits: readonly number[]) {
    this.#name = name;
    this.#label = label;
    this.#limits = limits;
  }

  observe(labelValue: string, value: number): void {
    let series = this.#series.get(labelValue);
    if (series === undefined) {
      series = new Distribution(this.#limits, { [this.#label]: labelValue });
      this.#series.set(labelValue, series);
    }
    series.observe(value);
  }

  /** Series in the order in which they came. */
  collect(): CatalogFamily {
    const samples: Sample[] = [];
    for (const distribution of this.#series.values()) {
      distribution.addTo(samples);
    }
    return toFamily(this.#name, samples);
  }
}

function toFamily(name: FamilyName, samples: readonly Sample[]): CatalogFamily {
  const { type, help } = catalog[name];
  return { name, type, help, samples };
}
